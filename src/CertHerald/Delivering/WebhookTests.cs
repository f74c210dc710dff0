using System.Buffers;

namespace CertHerald.Delivering;

/// <summary>
/// Sends a webhook an example of what it would get, under a key of its own, by the same way as everything else. Nothing is
/// stored, and nothing follows from it: neither breaker nor hold.
/// </summary>
internal sealed class WebhookTests(WebhookSender sender, IReadOnlyList<IWebhookDialect> dialects, Webhooks webhooks, TimeProvider time)
{
    /// <summary>Between two tests of one webhook.</summary>
    public static readonly TimeSpan Apart = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, DateTimeOffset> _last = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>The examples that can be asked for by name.</summary>
    public IReadOnlyList<string> ExamplesFor(WebhookOptions webhook) => dialects.Single(one => one.Name == webhook.Dialect).Examples;

    /// <param name="example">Null: the usual one.</param>
    /// <returns>What came of it, and how long it took; null if the last test is too young.</returns>
    public async Task<(Answer Answer, TimeSpan Took)?> SendAsync(WebhookOptions webhook, CancellationToken cancellation, string? example = null)
    {
        DateTimeOffset now = time.GetUtcNow();
        lock (_lock)
        {
            if (_last.TryGetValue(webhook.Name, out DateTimeOffset last) && now - last < Apart) return null;
            _last[webhook.Name] = now;
        }

        IWebhookDialect dialect = dialects.Single(one => one.Name == webhook.Dialect);
        var body = new ArrayBufferWriter<byte>(4096);
        dialect.WriteExample(example, !webhook.IncludeValues, webhooks.BaseUrl, now, body);
        long begun = time.GetTimestamp();
        Answer answer = await sender.PostAsync(webhook, dialect.Rules.For(webhook), Guid.CreateVersion7(now).ToString(), body.WrittenMemory, cancellation, isTest: true);
        return (answer, time.GetElapsedTime(begun));
    }
}
