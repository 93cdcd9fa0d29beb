/** For a `<script>`: `ugc.createTracker(…)`, of the build without a queue. */
import { createTracker } from "./light.js";

(globalThis as { ugc?: object }).ugc = { createTracker };
