using System.Text.Json;

namespace CertHerald.Dialects.Meta.Graph;

/// <summary>A request is answered with an error, in the original's form and by its numbers.</summary>
internal sealed class GraphRefusal : Exception
{
    private const string OAuth = "OAuthException", Method = "GraphMethodException";

    private const int MostQuoted = 100;

    private GraphRefusal(string message, string type, int code) : base(message) => (Type, Code) = (type, code);

    /// <summary>As HTTP has it: the original says nearly all with 400.</summary>
    public int Status { get; private init; } = StatusCodes.Status400BadRequest;

    public string Type { get; }

    public int Code { get; }

    public int? Subcode { get; private init; }

    /// <summary>The same may succeed later; null is not said.</summary>
    public bool IsTransient { get; private init; }

    /// <summary>Null is not said.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>There is no such thing, or it is another app's: an answer must not tell which.</summary>
    /// <param name="method">Of the request.</param>
    public static GraphRefusal Unknown(string method, string id) => new(
        $"Unsupported {method.ToLowerInvariant()} request. Object with ID '{Cut(id)}' does not exist, cannot be loaded due to missing permissions, or does not support this operation.",
        Method, 100)
    { Subcode = 33 };

    /// <param name="what">A sentence: what is wrong and what to send.</param>
    public static GraphRefusal BadParameter(string what) => new($"(#100) {what}", OAuth, 100);

    public static GraphRefusal BadToken(string what) => new(what, OAuth, 190);

    public static GraphRefusal TooMany(TimeSpan wait) => new("(#4) Application request limit reached", OAuth, 4) { IsTransient = true, RetryAfter = wait };

    /// <param name="why">A clause.</param>
    public static GraphRefusal Unverified(string why) => new($"(#2200) Callback verification failed: {why}. Nothing was changed.", OAuth, 2200);

    /// <summary>The store cannot be read or written now.</summary>
    public static GraphRefusal Unavailable() => new("Service temporarily unavailable", OAuth, 2)
    { Status = StatusCodes.Status503ServiceUnavailable, IsTransient = true, RetryAfter = TimeSpan.FromSeconds(5) };

    /// <summary>A fault of ours: the log says which.</summary>
    public static GraphRefusal Broken() => new("An unknown error has occurred.", OAuth, 1) { Status = StatusCodes.Status500InternalServerError };

    public static string Cut(string text) => text.Length <= MostQuoted ? text : text[..MostQuoted] + "…";

    public void Write(Utf8JsonWriter json, string trace)
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, Message);
        json.WriteString("type"u8, Type);
        if (IsTransient) json.WriteBoolean("is_transient"u8, true);
        json.WriteNumber("code"u8, Code);
        if (Subcode is { } subcode) json.WriteNumber("error_subcode"u8, subcode);
        json.WriteString("fbtrace_id"u8, trace);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
