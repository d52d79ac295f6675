/** The variable that code reads for its cache argument (practice 1), and where it points on Lambda. */
export const CACHE_ROOT_VARIABLE = 'MODEL_CACHE_FS_PATH';
export const CACHE_ROOT = '/tmp/models';
