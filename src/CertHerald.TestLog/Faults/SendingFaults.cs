using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using CertHerald.TestLog.Serving;
using Microsoft.AspNetCore.Http;

namespace CertHerald.TestLog.Faults;

/// <summary>F5: 429, with every form of Retry-After that servers send.</summary>
internal sealed class RetryAfterFault(string form) : ActiveFault
{
    public static ActiveFault? Of(string argument)
    {
        bool isNumber = double.TryParse(argument, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _);
        return argument is "" or "gmt" or "utc" or "past" or "year" or "garbage" or "none" || isNumber
            ? new RetryAfterFault(argument.Length == 0 ? "2" : argument) : null;
    }

    public override Answer? Instead(Question question) =>
        Concerns(question) && Take() ? TooMany(Header(form, Log.Options.Time.GetUtcNow())) : null;

    /// <param name="header">Null: no Retry-After.</param>
    public static Answer TooMany(string? header) => Answer.Refusal(429, "Too many requests.") with
    {
        Headers = header is null ? [] : [("Retry-After", header)],
    };

    private static string? Header(string form, DateTimeOffset now) => form switch
    {
        "gmt" => Date(now.AddSeconds(5), "GMT"),
        "utc" => Date(now.AddSeconds(5), "UTC"),
        "past" => Date(now.AddHours(-1), "GMT"),
        "year" => "31536000",
        "garbage" => "in a while",
        "none" => null,
        _ => form,
    };

    private static string Date(DateTimeOffset time, string zone) =>
        time.ToString("ddd, dd MMM yyyy HH:mm:ss ", CultureInfo.InvariantCulture) + zone;
}

/// <summary>429 beyond so many requests a second: a bucket of one second's worth, filled by the log's clock.</summary>
internal sealed class RateFault(double perSecond, string? retryAfter) : ActiveFault
{
    private readonly Lock _gate = new();
    private double _tokens = Math.Max(1, perSecond);
    private long _filled;

    public static ActiveFault? Of(string argument)
    {
        string[] parts = argument.Split('/');
        bool isRate = double.TryParse(parts[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double rate) && rate is > 0 and < 1e6;
        return isRate && (parts.Length == 1 || (parts.Length == 2 && FaultArgument.Number(parts[1]) is not null))
            ? new RateFault(rate, parts.Length == 2 ? parts[1] : null) : null;
    }

    protected override void Began() => _filled = Log.Options.Time.GetTimestamp();

    public override Answer? Instead(Question question) =>
        Concerns(question) && !IsWithin() && Take() ? RetryAfterFault.TooMany(retryAfter) : null;

    private bool IsWithin()
    {
        lock (_gate)
        {
            long now = Log.Options.Time.GetTimestamp();
            _tokens = Math.Min(Math.Max(1, perSecond), _tokens + perSecond * Log.Options.Time.GetElapsedTime(_filled, now).TotalSeconds);
            _filled = now;
            if (_tokens < 1) return false;
            _tokens--;
            return true;
        }
    }
}

/// <summary>A round trip that takes its time.</summary>
internal sealed class DelayFault(TimeSpan delay) : ActiveFault
{
    public static ActiveFault? Of(string argument) =>
        FaultArgument.Number(argument) is { } ms and <= 3_600_000 ? new DelayFault(TimeSpan.FromMilliseconds(ms)) : null;

    public override ValueTask WaitAsync(Question question) =>
        Concerns(question) && Take() ? new ValueTask(Task.Delay(delay, Log.Options.Time, question.Gone)) : ValueTask.CompletedTask;
}

/// <summary>F6: statuses, web pages, nothing, half of it.</summary>
internal sealed class BodyFault(string form) : ActiveFault
{
    public static readonly byte[] WebPage = "<!DOCTYPE html><html><title>Sorry</title><h1>We will be back soon</h1></html>\n"u8.ToArray();

    public static ActiveFault? Of(string argument) =>
        argument is "html" or "empty" or "cut" || FaultArgument.Number(argument) is >= 400 and <= 599 ? new BodyFault(argument) : null;

    public override Answer? Instead(Question question) => form switch
    {
        "cut" => null,
        "html" => Concerns(question) && Take() ? Answer.Bytes(200, "text/html; charset=utf-8", WebPage) : null,
        "empty" => Concerns(question) && Take() ? Answer.Bytes(200, "application/json", default) : null,
        _ => Concerns(question) && Take() ? Answer.Refusal((int)FaultArgument.Number(form)!.Value, "The log is not well.") : null,
    };

    public override async ValueTask<Answer> ChangeAsync(Question question, Answer answer)
    {
        if (form != "cut" || !Concerns(question) || !Take()) return answer;
        byte[] body = await answer.BodyAsync(question.Gone);
        return answer with { SendInstead = context => PartOf.SendAsync(context, answer, body.AsMemory(0, body.Length / 2), PartOf.ThenAbort) };
    }
}

/// <summary>F7: an answer that does not come, or not to its end.</summary>
internal sealed class SlowFault(string form) : ActiveFault
{
    public static ActiveFault? Of(string argument) => argument is "headers" or "body" or "stall" or "reset" ? new SlowFault(argument) : null;

    public override async ValueTask<Answer> ChangeAsync(Question question, Answer answer)
    {
        if (!Concerns(question) || !Take()) return answer;
        byte[] body = await answer.BodyAsync(question.Gone);
        ReadOnlyMemory<byte> half = body.AsMemory(0, body.Length / 2);
        return answer with
        {
            SendInstead = form switch
            {
                "headers" => PartOf.ThenNothing,
                "body" => context => PartOf.SendAsync(context, answer, body.AsMemory(0, Math.Min(1, body.Length)), rest => DripAsync(rest, body)),
                "stall" => context => PartOf.SendAsync(context, answer, half, PartOf.ThenNothing),
                "reset" => context => PartOf.SendAsync(context, answer, half, PartOf.ThenAbort),
                _ => throw new UnreachableException(),
            },
        };
    }

    private async Task DripAsync(HttpContext context, byte[] body)
    {
        for (int at = 1; at < body.Length; at++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), Log.Options.Time, context.RequestAborted);
            await context.Response.Body.WriteAsync(body.AsMemory(at, 1), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }
}

/// <summary>Answers that begin as they should and do not end so.</summary>
internal static class PartOf
{
    /// <summary>The headers of the whole, a part of its body, then something else.</summary>
    public static async Task SendAsync(HttpContext context, Answer whole, ReadOnlyMemory<byte> part, Func<HttpContext, Task> then)
    {
        context.Response.StatusCode = whole.Status;
        context.Response.ContentType = whole.ContentType;
        context.Response.ContentLength = whole.Length;
        await context.Response.StartAsync(context.RequestAborted);
        await context.Response.Body.WriteAsync(part, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        await then(context);
    }

    public static Task ThenAbort(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    /// <summary>Until whoever asked gives up, or the server ends.</summary>
    public static async Task ThenNothing(HttpContext context) =>
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}

/// <summary>F8: a gigabyte.</summary>
internal sealed class BombFault(string form) : ActiveFault
{
    private const long Size = 1L << 30;

    public static ActiveFault? Of(string argument) => argument is "body" or "length" or "gzip" ? new BombFault(argument) : null;

    public override Answer? Instead(Question question) => Concerns(question) && Take()
        ? Answer.Bytes(200, "application/json", default) with { SendInstead = SendAsync }
        : null;

    private async Task SendAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        if (form == "length") context.Response.ContentLength = Size;
        if (form == "gzip") context.Response.Headers.ContentEncoding = "gzip";
        // Whitespace: a parser that reads as it comes finds nothing wrong with it.
        byte[] piece = new byte[64 * 1024];
        piece.AsSpan().Fill((byte)' ');
        Stream body = context.Response.Body;
        await using GZipStream? gzip = form == "gzip" ? new GZipStream(body, CompressionLevel.Fastest, leaveOpen: true) : null;
        for (long sent = 0; sent < Size; sent += piece.Length) await (gzip ?? body).WriteAsync(piece, context.RequestAborted);
    }
}

/// <summary>F27: gzip for those who did not ask, or for nobody.</summary>
internal sealed class GzipFault(bool always) : ActiveFault
{
    public static ActiveFault? Of(string argument) => argument switch
    {
        "unasked" => new GzipFault(true),
        "never" => new GzipFault(false),
        _ => null,
    };

    public override ValueTask<Answer> ChangeAsync(Question question, Answer answer) =>
        new(Concerns(question) && Take() ? answer with { Gzip = always } : answer);
}

/// <summary>F24: a log that lacks calls answers with its host's web page.</summary>
internal sealed class NoCallFault(Calls calls) : ActiveFault
{
    public static ActiveFault? Of(string argument) =>
        argument.Length > 0 && CallNames.Parse(argument) is var calls and not Calls.None ? new NoCallFault(calls) : null;

    public override Answer? Instead(Question question) => (calls & question.Call) != Calls.None && Take()
        ? Answer.Bytes(404, "text/html; charset=utf-8", BodyFault.WebPage)
        : null;
}

/// <summary>F39: whoever follows tells another host what it asked.</summary>
internal sealed class RedirectFault(string? target) : ActiveFault
{
    public static ActiveFault? Of(string argument) =>
        argument.Length == 0 ? new RedirectFault(null) : Uri.TryCreate(argument, UriKind.Absolute, out _) ? new RedirectFault(argument) : null;

    public override Answer? Instead(Question question) => Concerns(question) && Take()
        ? Answer.Bytes(302, "text/plain", default) with { Headers = [("Location", target ?? new Uri(question.Server.Url, "testlog/elsewhere").AbsoluteUri)] }
        : null;
}

/// <summary>F37: a log that is not there.</summary>
internal sealed class GoneFault(string form) : ActiveFault
{
    public static ActiveFault? Of(string argument) => argument is "refused" or "reset" or "404" or "tls" or "dns" ? new GoneFault(argument) : null;

    public override ConnectionFault Connections => form switch
    {
        "refused" => ConnectionFault.Refused,
        "tls" => ConnectionFault.ExpiredTls,
        _ => ConnectionFault.None,
    };

    public override Answer? Instead(Question question)
    {
        if (form is "tls" or "dns" || !Concerns(question) || !Take()) return null;
        // Connections from before the socket was shut are cut too.
        return form == "404" ? Answer.NotFound : Answer.NotFound with { SendInstead = PartOf.ThenAbort };
    }

    /// <summary>No server can take its own name away; its list can name another.</summary>
    public override void ChangeList(LogServer server, JsonObject list)
    {
        if (form == "dns") LogListFault.Rename(server, list, "testlog.invalid");
    }
}

/// <summary>F35: a cache before the log. It keeps an answer for its max-age and says its Age; it knows what has not changed.</summary>
internal sealed class CacheFault(TimeSpan? maxAge) : ActiveFault
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Kept> _kept = new(StringComparer.Ordinal);

    public static ActiveFault? Of(string argument) => argument switch
    {
        "" => new CacheFault(TimeSpan.FromSeconds(5)),
        "stuck" => new CacheFault(null),
        _ => FaultArgument.Number(argument) is { } seconds and <= 86_400 ? new CacheFault(TimeSpan.FromSeconds(seconds)) : null,
    };

    public override async ValueTask<Answer> ChangeAsync(Question question, Answer answer)
    {
        if (!Concerns(question) || answer.Status != 200) return answer;
        Kept kept = Keep(question.Context.Request.Path + question.Context.Request.QueryString.Value, await answer.BodyAsync(question.Gone));
        if (!Take()) return answer;
        TimeSpan age = Log.Options.Time.GetUtcNow() - kept.Since;
        (string, string)[] headers = [("ETag", kept.Tag), ("Age", ((long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture))];
        string control = maxAge is { } lives ? $"max-age={((long)lives.TotalSeconds).ToString(CultureInfo.InvariantCulture)}" : "no-cache";
        string asked = question.Context.Request.Headers.IfNoneMatch.ToString();
        bool isKnown = asked.Length > 0 && (maxAge is null || asked == kept.Tag);
        return isKnown
            ? Answer.Bytes(304, answer.ContentType, default) with { CacheControl = control, Headers = headers }
            : answer.WithBody(kept.Body) with { CacheControl = control, Headers = headers };
    }

    private Kept Keep(string path, byte[] body)
    {
        DateTimeOffset now = Log.Options.Time.GetUtcNow();
        lock (_gate)
        {
            if (_kept.TryGetValue(path, out Kept? kept) && (maxAge is null || now - kept.Since < maxAge)) return kept;
            string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 8))}\"";
            return _kept[path] = new Kept(body, tag, now);
        }
    }

    private sealed record Kept(byte[] Body, string Tag, DateTimeOffset Since);
}
