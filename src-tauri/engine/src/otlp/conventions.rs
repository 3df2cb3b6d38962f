//! What instrumentations call things: the OpenTelemetry GenAI conventions with their older names, OpenInference, OpenLLMetry,
//! and what the Vercel AI SDK, Langfuse, LiteLLM and Pydantic Logfire add. Tables only; where several names are there, the
//! first of its list counts. docs/traces.md shows them.

use cuetower_core::step::StepKind;

/// Where a run's id stands: in a span, its resource, or copied from baggage.
pub const RUN_ID: &[&str] = &["cuetower.run_id", "cuetower.execution_id", "cueapi.execution_id"];
/// The key of the step that a span stands under.
pub const STEP: &[&str] = &["cuetower.step"];
/// Of a resource: whose spans they are if they belong to no run.
pub const AGENT: &[&str] = &["cuetower.agent", "service.name"];

/// An attribute whose word says what a span is. Compared without regard to case.
pub struct KindBy {
    pub attribute: &'static str,
    pub words: &'static [(&'static str, StepKind)],
    /// What any other word means; None: nothing.
    pub otherwise: Option<StepKind>,
}

use StepKind::{Check, Decision, Http, Llm, Other, Tool};

/// In this order: the first whose word is known, or that has an `otherwise`.
pub const KINDS: &[KindBy] = &[
    KindBy {
        attribute: "openinference.span.kind",
        words: &[
            ("llm", Llm),
            ("embedding", Llm),
            ("tool", Tool),
            ("retriever", Tool),
            ("reranker", Tool),
            ("guardrail", Check),
            ("evaluator", Check),
            ("decision", Decision),
        ],
        otherwise: Some(Other),
    },
    KindBy {
        attribute: "gen_ai.operation.name",
        words: &[
            ("chat", Llm),
            ("generate_content", Llm),
            ("text_completion", Llm),
            ("completion", Llm),
            ("embeddings", Llm),
            ("execute_tool", Tool),
            ("retrieval", Tool),
            ("invoke_agent", Other),
            ("create_agent", Other),
            ("invoke_workflow", Other),
        ],
        otherwise: None,
    },
    KindBy {
        attribute: "llm.request.type",
        words: &[("chat", Llm), ("completion", Llm), ("embedding", Llm), ("rerank", Tool)],
        otherwise: None,
    },
    KindBy {
        attribute: "traceloop.span.kind",
        words: &[("tool", Tool), ("workflow", Other), ("task", Other), ("agent", Other)],
        otherwise: None,
    },
    KindBy {
        attribute: "langfuse.observation.type",
        words: &[
            ("generation", Llm),
            ("embedding", Llm),
            ("tool", Tool),
            ("retriever", Tool),
            ("guardrail", Check),
            ("evaluator", Check),
        ],
        otherwise: None,
    },
    KindBy {
        attribute: "ai.operationId",
        words: &[
            ("ai.generateText.doGenerate", Llm),
            ("ai.streamText.doStream", Llm),
            ("ai.generateObject.doGenerate", Llm),
            ("ai.streamObject.doStream", Llm),
            ("ai.embed.doEmbed", Llm),
            ("ai.embedMany.doEmbed", Llm),
            ("ai.toolCall", Tool),
        ],
        otherwise: Some(Other),
    },
    KindBy { attribute: "mcp.method.name", words: &[], otherwise: Some(Tool) },
    KindBy { attribute: "gen_ai.tool.name", words: &[], otherwise: Some(Tool) },
    KindBy { attribute: "db.system.name", words: &[], otherwise: Some(Tool) },
    KindBy { attribute: "db.system", words: &[], otherwise: Some(Tool) },
    KindBy { attribute: "http.request.method", words: &[], otherwise: Some(Http) },
    KindBy { attribute: "http.method", words: &[], otherwise: Some(Http) },
];

/// The model that answered, else the one that was asked for.
pub const MODEL: &[&str] = &[
    "gen_ai.response.model",
    "llm.response.model_name",
    "ai.response.model",
    "gen_ai.request.model",
    "llm.model_name",
    "llm.request.model_name",
    "llm.request.model",
    "embedding.model_name",
    "reranker.model_name",
    "decision.model_name",
    "langfuse.observation.model.name",
    "ai.model.id",
];

pub const PROVIDER: &[&str] =
    &["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"];

pub const INPUT_TOKENS: &[&str] = &[
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
    "llm.usage.input_tokens",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
    "decision.token_count.input",
];

pub const OUTPUT_TOKENS: &[&str] = &[
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "llm.usage.completion_tokens",
    "llm.usage.output_tokens",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
    "decision.token_count.output",
];

pub const TOTAL_TOKENS: &[&str] =
    &["gen_ai.usage.total_tokens", "llm.token_count.total", "llm.usage.total_tokens", "ai.usage.totalTokens"];

/// Read from a cache. Conventions count them among the input; [`APART`] names who does not.
pub const CACHED_TOKENS: &[&str] = &[
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cached_input_tokens",
    "gen_ai.usage.input_tokens.cached",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cached_tokens",
    "llm.token_count.prompt_details.cache_read",
    "llm.token_count.prompt_details.cache_input",
    "llm.usage.cache_read_input_tokens",
    "ai.usage.inputTokenDetails.cacheReadTokens",
    "ai.usage.cachedInputTokens",
];

/// Written to a cache: input too.
pub const WRITTEN_TOKENS: &[&str] = &[
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.input_tokens.cache_write",
    "gen_ai.usage.details.cache_write_tokens",
    "llm.token_count.prompt_details.cache_write",
    "llm.usage.cache_creation_input_tokens",
    "ai.usage.inputTokenDetails.cacheWriteTokens",
];

pub const REASONING_TOKENS: &[&str] = &[
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.details.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
    "llm.usage.reasoning_tokens",
    "ai.usage.reasoningTokens",
    "ai.usage.outputTokenDetails.reasoningTokens",
];

/// Who, going by this attribute, tells the input without what was cached, for providers whose names begin so: the Vercel AI
/// SDK hands on Anthropic's own figures.
pub const APART: &[(&str, &[&str])] =
    &[("ai.usage.cachedInputTokens", &["anthropic", "amazon-bedrock", "google.vertex.anthropic"])];

/// US dollars.
pub const COST: &[&str] = &[
    "gen_ai.usage.cost",
    "gen_ai.usage.total_cost",
    "gen_ai.usage.cost_usd",
    "gen_ai.cost.total_cost",
    "gen_ai.cost.usd",
    "llm.cost.total",
    "llm.usage.cost",
    "llm.usage.total_cost",
    "litellm.cost.total",
    "operation.cost",
];

/// US dollars of input and output, where nobody says the sum.
pub const COST_PARTS: &[(&str, &str)] =
    &[("gen_ai.usage.input_cost", "gen_ai.usage.output_cost"), ("llm.cost.prompt", "llm.cost.completion")];

/// A JSON object of figures in one attribute.
pub const USAGE_DETAILS: &str = "langfuse.observation.usage_details";
pub const COST_DETAILS: &str = "langfuse.observation.cost_details";

/// Tries of an outside call within a span.
pub const RETRIES: &[&str] = &["http.request.resend_count", "http.resend_count"];

/// What went in, as one attribute.
pub const INPUT: &[&str] = &[
    "gen_ai.input.messages",
    "gen_ai.tool.call.arguments",
    "gen_ai.retrieval.query.text",
    "input.value",
    "traceloop.entity.input",
    "langfuse.observation.input",
    "ai.prompt.messages",
    "ai.prompt",
    "ai.toolCall.args",
    "tool.parameters",
    "gen_ai.prompt",
    "db.query.text",
    "db.statement",
];

/// What came out.
pub const OUTPUT: &[&str] = &[
    "gen_ai.output.messages",
    "gen_ai.tool.call.result",
    "gen_ai.retrieval.documents",
    "output.value",
    "traceloop.entity.output",
    "langfuse.observation.output",
    "ai.response.text",
    "ai.response.object",
    "ai.response.toolCalls",
    "ai.toolCall.result",
    "gen_ai.completion",
];

/// What went in, as many attributes: `gen_ai.prompt.0.role`, `gen_ai.prompt.0.content`, …
pub const INPUT_NUMBERED: &[&str] = &["gen_ai.prompt.", "llm.input_messages.", "llm.prompts."];
pub const OUTPUT_NUMBERED: &[&str] = &["gen_ai.completion.", "llm.output_messages.", "llm.completions."];

/// Events that each are one message that went in; the name says whose.
pub const INPUT_EVENTS: &[&str] =
    &["gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.tool.message"];
pub const OUTPUT_EVENTS: &[&str] = &["gen_ai.choice"];
/// Events that carry the attributes which spans have elsewhere.
pub const CONTENT_EVENTS: &[&str] =
    &["gen_ai.client.inference.operation.details", "gen_ai.content.prompt", "gen_ai.content.completion"];

pub const EXCEPTION: &str = "exception";
pub const EXCEPTION_TYPE: &str = "exception.type";
pub const EXCEPTION_MESSAGE: &str = "exception.message";
pub const ERROR_TYPE: &[&str] = &["error.type"];
pub const ERROR_MESSAGE: &[&str] = &["error.message"];

pub const HTTP_STATUS: &[&str] = &["http.response.status_code", "http.status_code"];
pub const HTTP_URL: &[&str] = &["url.full", "http.url"];
pub const HTTP_HOST: &[&str] = &["server.address", "net.peer.name", "http.host"];

/// Attributes that begin so are headers or metadata of a request, and may hold credentials under any name.
pub const HEADERS: &[&str] = &[
    "http.request.header.",
    "http.response.header.",
    "rpc.grpc.request.metadata.",
    "rpc.request.metadata.",
    "ai.request.headers.",
    "gen_ai.headers.",
    "llm.headers.",
];
