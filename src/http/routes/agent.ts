/** The agent of instances: a shell script for everybody to take. */
import agent from "../../instances/agent.sh";
import { api } from "../api";

export const agentScript = api();

agentScript.get("/agent.sh", (c) => c.body(agent, 200, { "content-type": "text/x-shellscript; charset=utf-8" }));
