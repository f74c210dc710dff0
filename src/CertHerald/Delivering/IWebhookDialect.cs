using System.Buffers;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>A webhook language: what a body looks like and which rules its receivers were promised.</summary>
internal interface IWebhookDialect
{
    /// <summary>As written in the configuration's <c>dialect</c>. Never changes.</summary>
    string Name { get; }

    /// <summary>Schedule, accepted statuses, time limit.</summary>
    DeliveryRules Rules { get; }

    /// <summary>Whether its receivers expect signatures (Standard Webhooks) without asking for them.</summary>
    bool SignsByDefault => false;

    /// <summary>Which of <see cref="DialectOptions"/> its webhooks have.</summary>
    IReadOnlyList<string> Options => [];

    /// <summary>Whether its bodies are drafts of mails: no webhook speaks it.</summary>
    bool IsMail => false;

    /// <summary>What a delivery is called that was given up.</summary>
    string NameOfDead => "dead";

    /// <summary>Whether a body is about one protected domain, with all names of a certificate that imitate it; else about one registrable domain that imitates.</summary>
    bool TellsByDomain => false;

    /// <summary>Whether this dialect has a body for an event of this kind.</summary>
    bool Speaks(string kind);

    /// <summary>Writes the body. Called once per delivery: every retry sends the same bytes.</summary>
    void Write(DeliverySubject subject, IBufferWriter<byte> body);

    /// <summary>Begins a body about several events; null if the dialect has none such.</summary>
    /// <param name="mostBytes">Of the body. One event is larger alone.</param>
    IWebhookBatch? BeginBatch(int mostBytes) => null;

    /// <summary>Writes the body of a test: an example, as true to life as the dialect's receivers can bear.</summary>
    void WriteTest(string baseUrl, DateTimeOffset now, IBufferWriter<byte> body);

    /// <summary>Names of examples that can be asked for; the usual one need not be among them.</summary>
    IReadOnlyList<string> Examples => [];

    /// <summary>Writes the body of a test as one webhook would get it.</summary>
    /// <param name="name">One of <see cref="Examples"/>; null: the usual one.</param>
    /// <param name="isShort">As <see cref="DeliverySubject.IsShort"/>.</param>
    void WriteExample(string? name, bool isShort, string baseUrl, DateTimeOffset now, IBufferWriter<byte> body) => WriteTest(baseUrl, now, body);
}

/// <summary>A body about several events, as large as the dialect's receivers take.</summary>
internal interface IWebhookBatch
{
    /// <returns>False if it would become too large: nothing was added. The first is always taken.</returns>
    bool TryAdd(DeliverySubject subject);

    /// <summary>Writes the whole body. Nothing is added afterwards.</summary>
    void Write(IBufferWriter<byte> body);
}

/// <summary>What a delivery is about: exactly one is set, by the delivery's kind.</summary>
internal sealed record DeliverySubject(string BaseUrl, Issuance? Issuance, MalformedEntry? Malformed, Notice? Notice = null)
{
    /// <summary>The receiver wants no more, or refused the whole as too large: say what changed and no more, if the dialect has such a form.</summary>
    public bool IsShort { get; init; }

    /// <summary>Of a delivery about a look-alike; the others are then null.</summary>
    public LookalikeAlert? Lookalike { get; init; }

    /// <summary>When it is sent for the first time.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Null: the webhook did not ask for it.</summary>
    public DeliveryEvidence? Evidence { get; init; }
}

/// <summary>Options of webhooks that only some dialects have. The names are configuration values: never change one.</summary>
internal static class DialectOptions
{
    /// <summary>Requests are signed with the secret of an app, always.</summary>
    public const string AppSecret = "app_secret";

    /// <summary>Its receiver can be asked whether it wants to be one, before it is added.</summary>
    public const string VerifyToken = "verify_token";

    public const string IncludeValues = "include_values", AcceptAny2xx = "accept_any_2xx", MaxBatch = "max_batch", MaxBatchBytes = "max_batch_bytes";

    public static IReadOnlyList<string> All { get; } = [AppSecret, VerifyToken, IncludeValues, AcceptAny2xx, MaxBatch, MaxBatchBytes];
}

/// <summary>What proves a delivery's subject when its body is written.</summary>
/// <param name="Document">In the form of <see cref="Inspecting.EvidenceJson"/>; null while it is not yet proven.</param>
internal sealed record DeliveryEvidence(byte[]? Document)
{
    /// <summary>The name of the member that carries it, in every dialect.</summary>
    public static ReadOnlySpan<byte> MemberName => "certherald"u8;

    /// <summary>Writes the member.</summary>
    /// <param name="lookalike">What its class and score are told of; null where the body tells them elsewhere, or is about none.</param>
    public void WriteTo(System.Text.Json.Utf8JsonWriter json, Inspecting.LookalikeName? lookalike = null)
    {
        json.WriteStartObject(MemberName);
        json.WriteBoolean("proven"u8, Document is not null);
        if (Document is not null)
        {
            json.WritePropertyName("evidence"u8);
            // As it is: written anew, one escape might differ, and it would not be what is verified.
            json.WriteRawValue(Document, skipInputValidation: true);
        }
        if (lookalike is not null)
        {
            json.WriteString("class"u8, lookalike.Class);
            json.WriteNumber("score"u8, lookalike.Score);
        }
        json.WriteEndObject();
    }
}
