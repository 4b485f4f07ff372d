/** The contract of an API whose tokens come from another server than its document is about. */
import { type Contract, writtenContract } from "../../support/fake-api";

/** `login` has whole paths, as writtenContract takes them. */
export function withLogin(document: Contract, login: Parameters<typeof writtenContract>[0]): Contract {
  const written = writtenContract(login);
  const isLogin = ({ method, path }: { method: string; path: string }) => `${method} ${path}` in login;
  return {
    request: (call) => (isLogin(call) ? written : document).request(call),
    answer: (call, answer) => (isLogin(call) ? [] : document.answer(call, answer)),
  };
}
