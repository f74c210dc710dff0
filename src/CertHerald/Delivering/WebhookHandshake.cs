using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace CertHerald.Delivering;

/// <summary>
/// Asks a receiver whether it wants to be one, as PubSubHubbub does: it gets a number together with a token that only it and
/// whoever adds it know, and answers with the number. So nobody can turn deliveries on somebody else. Thread-safe.
/// </summary>
internal sealed class WebhookHandshake(OutboundGuard guard, TimeProvider time) : IDisposable
{
    /// <summary>For everything, from name resolution to the last byte of the answer.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(15);

    /// <summary>Longer than any challenge and its line end.</summary>
    private const int MostRead = 64;

    private readonly WebhookClients _clients = new(guard, time);

    /// <returns>Why it did not confirm, in words for whoever asked; null if it did.</returns>
    /// <exception cref="OperationCanceledException">Cancelled by the caller.</exception>
    public async Task<string?> AskAsync(WebhookOptions webhook, string verifyToken, CancellationToken cancellation)
    {
        // Decimal, positive, and an int: some receivers parse it.
        string challenge = RandomNumberGenerator.GetInt32(1, int.MaxValue).ToString(CultureInfo.InvariantCulture);
        using var limit = new CancellationTokenSource(TimeLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        using HttpRequestMessage request = CreateRequest(webhook, challenge, verifyToken);
        try
        {
            using HttpResponseMessage response = await _clients.For(webhook.Tls).SendAsync(request, either.Token);
            if (response.StatusCode != HttpStatusCode.OK)
                return string.Create(CultureInfo.InvariantCulture, $"it answered {(int)response.StatusCode}, where 200 is expected");
            return await ReadAsync(response.Content, either.Token) == challenge ? null : "its answer was not hub.challenge, and nothing else";
        }
        catch (Exception e) when (WebhookSender.IsOfTheWorld(e))
        {
            cancellation.ThrowIfCancellationRequested();
            return limit.IsCancellationRequested ? $"no answer within {TimeLimit.TotalSeconds} s" : WebhookSender.AnswerTo(e).Detail ?? "no usable answer";
        }
    }

    public void Dispose() => _clients.Dispose();

    /// <summary>The address as its owner wrote it, his own query included, and ours behind.</summary>
    private static Uri AddressFor(Uri url, string challenge, string verifyToken)
    {
        string separator = url.Query switch { "" => "?", "?" => "", _ => "&" };
        return new Uri($"{url.AbsoluteUri}{separator}hub.mode=subscribe&hub.challenge={challenge}&hub.verify_token={Uri.EscapeDataString(verifyToken)}");
    }

    private static HttpRequestMessage CreateRequest(WebhookOptions webhook, string challenge, string verifyToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, AddressFor(webhook.Url, challenge, verifyToken))
        {
            // Never 3: its connections are not made through the guard.
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.UserAgent.Add(WebhookSender.UserAgent);
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (webhook.Credentials is var (user, password))
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        foreach (WebhookHeader header in webhook.Headers) header.AddTo(request.Headers);
        return request;
    }

    /// <summary>The answer without the end of its line; null if it is longer than any that is right.</summary>
    private static async Task<string?> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        var buffer = new byte[MostRead];
        await using Stream stream = await content.ReadAsStreamAsync(cancellation);
        int length = await stream.ReadAtLeastAsync(buffer, MostRead, throwOnEndOfStream: false, cancellation);
        return length == MostRead ? null : Encoding.Latin1.GetString(buffer, 0, length).TrimEnd('\r', '\n');
    }
}
