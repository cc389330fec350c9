import { render } from "preact";

render(<h1>contactd</h1>, document.getElementById("desk")!);
