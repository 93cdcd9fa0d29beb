/** For a `<script>`: `ugc.createTracker(…)`. */
import { createTracker } from "./index.js";

(globalThis as { ugc?: object }).ugc = { createTracker };
