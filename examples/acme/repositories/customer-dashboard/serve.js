// Serves the pages on this machine, at PORT.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript" };

createServer(async (request, response) => {
  const path = normalize(new URL(request.url, "http://here").pathname);
  if (path === "/healthz") return response.end("{}");
  const file = path === "/" ? "public/index.html" : path.startsWith("/src/") ? path : join("public", path);
  try {
    const content = await readFile(join(import.meta.dirname, file));
    response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" }).end(content);
  } catch {
    response.writeHead(404).end("There is no such page.");
  }
}).listen(Number(process.env.PORT ?? 8080), "127.0.0.1");
