"""Writes torch-layers.json: batch normalisation and the one-cycle schedule as PyTorch computes them."""
import torch, json
torch.manual_seed(0)
bn=torch.nn.BatchNorm2d(3); x=torch.randn(2,3,2,2).round(decimals=3); bn.weight.data=torch.tensor([.5,1.,2.]); bn.bias.data=torch.tensor([.1,-.2,.3]); bn.running_mean=torch.tensor([.3,-.1,0.]); bn.running_var=torch.tensor([1.5,.7,2.])
x.requires_grad_(); w=torch.randn(2,3,2,2).round(decimals=3)
def nhwc(t): return t.detach().permute(0,2,3,1).flatten().tolist()
out=dict(source="torch "+torch.__version__+" BatchNorm2d; NHWC order",x=nhwc(x),upstream=nhwc(w),gain=[.5,1.,2.],offset=[.1,-.2,.3],mean=[.3,-.1,0.],variance=[1.5,.7,2.])
for mode in ('inference','training'):
    bn.train(mode=='training'); x.grad=None; bn.zero_grad(); y=bn(x); (y*w).sum().backward()
    out[mode]=dict(y=nhwc(y),dx=nhwc(x.grad),dgain=bn.weight.grad.tolist(),doffset=bn.bias.grad.tolist())
out['after']=dict(mean=bn.running_mean.tolist(),variance=bn.running_var.tolist())
# one-cycle
p=torch.nn.Parameter(torch.zeros(1)); o=torch.optim.AdamW([p],2e-3); s=torch.optim.lr_scheduler.OneCycleLR(o,2e-3,total_steps=40,pct_start=.15); r=[]
for i in range(40): r.append(o.param_groups[0]['lr']); o.step(); s.step() if i<39 else None
json.dump(dict(batchNorm=out,oneCycle=dict(source="torch OneCycleLR(2e-3, total_steps=40, pct_start=0.15)",rates=r)),open(__file__.replace('.py','.json'),'w'))
