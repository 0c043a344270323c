/** Rest energy of the electron, keV. */
const REST_ENERGY = 510.99895;
/** Planck constant times the speed of light, keV angstrom. */
const PLANCK_LIGHT = 12.398419843;

/** Relativistic wavelength in angstrom at an accelerating voltage in kV. */
export const wavelength = (kilovolts: number): number =>
  PLANCK_LIGHT / Math.sqrt(kilovolts * (kilovolts + 2 * REST_ENERGY));

/**
 * Interaction parameter in rad/(V angstrom) at an accelerating voltage in kV: a projected potential
 * v in V angstrom turns the phase by `interactionParameter * v` (Kirkland 2010, eq. 5.6).
 */
export const interactionParameter = (kilovolts: number): number =>
  (((2 * Math.PI) / (wavelength(kilovolts) * kilovolts * 1000)) * (REST_ENERGY + kilovolts)) /
  (2 * REST_ENERGY + kilovolts);
