"""Lets Mermaid itself read and draw texts, in a headless Chromium.

Reads a JSON object of texts by name from standard input; prints one line of JSON: for each name what Mermaid says
against it (or null), and the number of nodes in its picture.
"""

import importlib.util
import json
import pathlib
import shutil
import sys
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

DRAW = """
    const [texts, done] = arguments;
    mermaid.initialize({startOnLoad: false, maxTextSize: 1e8, maxEdges: 1e6, securityLevel: "strict"});
    (async () => {
        const results = {};
        for (const [name, text] of Object.entries(texts)) {
            try {
                await mermaid.parse(text);
                const picture = await mermaid.render("m" + Object.keys(results).length, text);
                const page = new DOMParser().parseFromString(picture.svg, "text/html");
                results[name] = {fault: null, nodes: page.querySelectorAll("g.node").length,
                                 labels: [...page.querySelectorAll("g.node .nodeLabel")].map((n) => n.textContent)};
            } catch (error) {
                results[name] = {fault: String(error.message || error), nodes: 0, labels: []};
            }
        }
        done(results);
    })();
"""


def main():
    package = pathlib.Path(importlib.util.find_spec("mermaidx").origin).parent
    options = Options()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_script_timeout(60)
    try:
        with tempfile.NamedTemporaryFile("w", suffix=".html") as page:
            page.write("<!doctype html><meta charset=utf-8><body><script>")
            page.write((package / "assets" / "mermaid.js").read_text())
            page.write("</script>")
            page.flush()
            driver.get("file://" + page.name)
            print(json.dumps(driver.execute_async_script(DRAW, json.load(sys.stdin))))
    finally:
        driver.quit()


main()
