import type { TrainedClassifier } from '../../classifier/classifier.ts';
import { SingleClassifier } from '../../classifier/single.ts';

/** A classifier that is one network, whose weights can be looked at; an ensemble is an error. */
export function single(classifier: TrainedClassifier): SingleClassifier {
  if (classifier instanceof SingleClassifier) return classifier;
  throw new TypeError('not a single network');
}
