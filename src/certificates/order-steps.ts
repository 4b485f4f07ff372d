/** The steps of an order, one for each working state. A step may be cut off anywhere and is then taken again from its start. */
import { choosingSteps } from "./choosing-steps";
import { endingSteps } from "./ending-steps";
import { issuingSteps } from "./issuing-steps";
import type { WorkingState } from "./order-state";
import type { Step } from "./order-step";
import { provingSteps } from "./proving-steps";

export const steps: Record<WorkingState, Step> = { ...choosingSteps, ...provingSteps, ...issuingSteps, ...endingSteps };
