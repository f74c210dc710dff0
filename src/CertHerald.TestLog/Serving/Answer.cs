using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace CertHerald.TestLog.Serving;

/// <summary>What the log says to a question, before it is sent.</summary>
/// <param name="Length">Of the body, in bytes.</param>
/// <param name="WriteAsync">Writes the body; may flush on the way.</param>
internal sealed record Answer(int Status, string ContentType, long Length, Func<PipeWriter, CancellationToken, ValueTask> WriteAsync)
{
    public const string Forever = "public, max-age=604800, immutable", Never = "no-store";

    // As logs write base64: '+' stays itself.
    private static readonly JsonSerializerOptions AsLogsDo = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string CacheControl { get; init; } = Never;

    /// <summary>Whether gzip makes it smaller: hashes do not shrink.</summary>
    public bool Shrinks { get; init; } = true;

    /// <summary>Which entries it holds; null: none, or not a run of them.</summary>
    public (ulong First, int Count)? Entries { get; init; }

    /// <summary>Beside those that every answer has.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>Whether it is compressed; null: as asked for.</summary>
    public bool? Gzip { get; init; }

    /// <summary>Sends it in another way than honest servers do; null: as they do.</summary>
    public Func<HttpContext, Task>? SendInstead { get; init; }

    public static Answer Bytes(int status, string contentType, ReadOnlyMemory<byte> body) =>
        new(status, contentType, body.Length, (pipe, cancellation) => Written(pipe.WriteAsync(body, cancellation)));

    public static Answer Json(JsonNode json) => Bytes(200, "application/json", JsonSerializer.SerializeToUtf8Bytes(json, AsLogsDo));

    /// <summary>The shape that monitors know from the logs that came first.</summary>
    public static Answer Refusal(int status, string message) =>
        Json(new JsonObject { ["error_message"] = message, ["success"] = false }) with { Status = status };

    public static Answer NotFound { get; } = Bytes(404, "text/plain; charset=utf-8", "not found\n"u8.ToArray());

    /// <summary>The whole body.</summary>
    public async ValueTask<byte[]> BodyAsync(CancellationToken cancellation)
    {
        using var body = new MemoryStream();
        PipeWriter pipe = PipeWriter.Create(body, new StreamPipeWriterOptions(leaveOpen: true));
        await WriteAsync(pipe, cancellation);
        await pipe.CompleteAsync();
        return body.ToArray();
    }

    /// <summary>The same with another body.</summary>
    public Answer WithBody(byte[] body) =>
        this with { Length = body.Length, WriteAsync = (pipe, cancellation) => Written(pipe.WriteAsync(body, cancellation)) };

    public async Task SendAsync(HttpContext context, bool mayGzip)
    {
        if (SendInstead is not null)
        {
            await SendInstead(context);
            return;
        }
        HttpResponse response = context.Response;
        response.StatusCode = Status;
        response.ContentType = ContentType;
        response.Headers.CacheControl = CacheControl;
        foreach ((string name, string value) in Headers) response.Headers.Append(name, value);
        bool gzip = Gzip ?? (mayGzip && Shrinks && Length > 0 && AcceptsGzip(context.Request));
        if (Shrinks && mayGzip) response.Headers.Vary = "Accept-Encoding";
        if (!gzip)
        {
            // 304 has no body, and says no length of one.
            if (Status != StatusCodes.Status304NotModified) response.ContentLength = Length;
            if (Status == StatusCodes.Status304NotModified || HttpMethods.IsHead(context.Request.Method)) return;
            // Until it is started, the body's writer offers no room to those who ask for none in particular.
            await response.StartAsync(context.RequestAborted);
            await WriteAsync(response.BodyWriter, context.RequestAborted);
            return;
        }

        response.Headers.ContentEncoding = "gzip";
        if (HttpMethods.IsHead(context.Request.Method)) return;
        await using var smaller = new GZipStream(response.BodyWriter.AsStream(leaveOpen: true), CompressionLevel.Fastest);
        PipeWriter body = PipeWriter.Create(smaller, new StreamPipeWriterOptions(leaveOpen: true));
        await WriteAsync(body, context.RequestAborted);
        await body.CompleteAsync();
    }

    private static bool AcceptsGzip(HttpRequest request)
    {
        foreach (string? header in request.Headers.AcceptEncoding)
            foreach (string coding in (header ?? "").Split(',', StringSplitOptions.TrimEntries))
            {
                string[] parts = coding.Split(';', StringSplitOptions.TrimEntries);
                if (parts[0] is not ("gzip" or "*")) continue;
                return parts.Length < 2 || !parts[1].StartsWith("q=", StringComparison.Ordinal)
                    || !double.TryParse(parts[1].AsSpan(2), CultureInfo.InvariantCulture, out double weight) || weight > 0;
            }
        return false;
    }

    private static async ValueTask Written(ValueTask<FlushResult> writing) => await writing;
}
