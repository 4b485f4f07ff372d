/** What certedge calls itself to CAs (RFC 8555 §6.1 asks for it). */
export const USER_AGENT = "certedge/0.1 (+https://github.com/certedge/certedge)";
