"""Writes prices.json anew: list prices per million tokens, from the package `genai-prices` (pydantic, MIT).

    python3 -m venv v && v/bin/pip install genai-prices && v/bin/python prices.py > prices.json
"""

import datetime
import importlib.metadata
import inspect
import json
import re

from genai_prices import data, types

# At noon UTC: providers that are cheaper at night are taken at their full price.
NOW = datetime.datetime.now(datetime.timezone.utc).replace(hour=12)
# In this order: whose plain names are kept, if two sell a model of the same name.
PROVIDERS = (
    "openai anthropic google mistral deepseek x-ai cohere voyageai meta moonshotai zai minimax perplexity "
    "groq cerebras together fireworks aws"
).split()
# What is not paid by text tokens alone cannot be priced from text tokens.
NOT_TEXT = re.compile(r"output_(audio|image|citation)|_hours|requests_kcount|kpages|^output_video|input_image_mtok")
# Open models have the same names wherever they run, at home too: their prices stand under the name of who runs them.
OWN_PRICES = {"groq": ["groq"], "cerebras": ["cerebras"], "together": ["together", "together_ai"]}
OPEN = re.compile(r"^(gpt-oss|gemma|qwen|llama-?\d[\d.]*-\d+b$)")
REGIONS = ["", "us.", "eu.", "apac.", "jp.", "au.", "ca."]


def names(clause):
    """What a clause calls a model by, as far as that can be written down as names."""
    if isinstance(clause, types.ClauseEquals):
        yield clause.equals
    elif isinstance(clause, types.ClauseStartsWith):
        # Fine-tuned models end in names of their own.
        yield clause.starts_with + "*" if clause.starts_with.startswith("ft:") else clause.starts_with.rstrip("-@.:")
    elif isinstance(clause, types.ClauseOr):
        for part in clause.or_:
            yield from names(part)


def on_bedrock(model):
    if model.id.startswith("regional."):
        return [region + model.id.removeprefix("regional.") for region in REGIONS]
    return [model.id]


def plain(price):
    return None if price is None else float(getattr(price, "base", price))


def entry(provider, model):
    said = {key: value for key, value in model.get_prices(NOW).__dict__.items() if value is not None}
    if "input_mtok" not in said or any(NOT_TEXT.search(key) for key in said):
        return None
    called = on_bedrock(model) if provider == "aws" else [model.id, *names(model.match)]
    if provider == "fireworks" or model.id.startswith("ft:"):
        called = list(names(model.match))
    if provider in OWN_PRICES and not (provider == "groq" and not OPEN.match(model.id) and "/" not in model.id):
        called = [f"{host}/{name.removeprefix(host + '/')}" for host in OWN_PRICES[provider] for name in called if ":" not in name]
    called = list(dict.fromkeys(name.lower() for name in called))
    rates = {
        "input": plain(said["input_mtok"]),
        "output": plain(said.get("output_mtok", 0)),
        "cached_input": plain(said.get("cache_read_mtok")),
        "reasoning": plain(said.get("output_reasoning_mtok")),
    }
    rates = {key: value for key, value in rates.items() if value is not None}
    return {"model": called[0], "provider": provider, **rates, "aliases": called[1:]}


def main():
    by_id = {provider.id: provider for provider in data.providers}
    entries, taken = [], set()
    for provider in PROVIDERS:
        for model in by_id[provider].models:
            # Vertex has Claude at Anthropic's prices.
            if (provider == "google" and "claude" in model.id) or (provider in ("openai", "google") and OPEN.match(model.id)):
                continue
            found = entry(provider, model)
            if found is None:
                continue
            called = [found["model"], *found["aliases"]]
            called = [name for name in called if name not in taken]
            if not called:
                continue
            taken.update(called)
            found["model"], found["aliases"] = called[0], called[1:]
            if not found["aliases"]:
                del found["aliases"]
            entries.append(found)
    dates = re.findall(r"20\d\d-\d\d-\d\d", inspect.getsource(data))
    as_of = max(date for date in dates if date <= NOW.date().isoformat())
    version = importlib.metadata.version("genai-prices")
    head = {
        "as_of": as_of,
        "source": f"genai-prices {version} (github.com/pydantic/genai-prices, MIT)",
        "license": "MIT, Copyright (c) Pydantic Services Inc. 2025 to present",
        "notes": "List prices in US dollars per million tokens, as providers charge them for short prompts at once. "
        "Not in them: discounts for batches, writing to a cache, surcharges for very long prompts, searches. "
        "`as_of` is the newest date that the source names.",
    }
    lines = ",\n".join("    " + json.dumps(line, separators=(", ", ": ")) for line in entries)
    print(json.dumps(head, indent=2).removesuffix("\n}") + ',\n  "models": [\n' + lines + "\n  ]\n}")


main()
