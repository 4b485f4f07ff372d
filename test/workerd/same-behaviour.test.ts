/**
 * What Node shows of the pure parts, shown by workerd as well: its URL, WebCrypto and text decoders are others. Of the
 * tests in these files none needs a program or a file.
 */
import "../acme/account-key.test";
import "../pki/fuzz.test";
import "../pki/identifiers.test";
import "../pki/pem.test";
import "../storage/sealing.test";
