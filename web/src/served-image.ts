/** The image that the virtual board of `npm start` runs. */
import { parseImage } from "../../tools/flash/image-file.ts";
import { image } from "./app.ts";

/** Rejects where the server has none, or it is damaged. */
export async function takeServedImage(): Promise<void> {
  const response = await fetch("./image.json");
  if (!response.ok) throw new Error(`the server answers ${response.status}`);
  image.set({ image: parseImage(await response.text()), from: "the image that the virtual board runs" });
}
