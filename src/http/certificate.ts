import { ModelpackError } from '../errors.ts';

/** The codes of OpenSSL and Node for a certificate that is not trusted. No retry mends one. */
export function isCertificateError(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS/.test(code);
}

export function certificateError(host: string, code: string, cause: unknown): ModelpackError {
  return new ModelpackError('network', `the certificate of ${host} is not trusted (${code})`, {
    hint: 'behind an inspecting proxy, name its certificate: NODE_EXTRA_CA_CERTS=/path/to/ca.pem',
    cause,
  });
}
