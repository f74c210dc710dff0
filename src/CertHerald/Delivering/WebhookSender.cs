using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Authentication;
using System.Text;
using CertHerald.Delivering.Operators;
using CertHerald.Storage;

namespace CertHerald.Delivering;

/// <summary>Makes one attempt at a delivery. Never tries again by itself: every try is a row in the store. Thread-safe.</summary>
internal sealed class WebhookSender : IDisposable
{
    /// <summary>Read of an answer, at most; the connection is closed if there is more.</summary>
    private const int MostRead = 16 * 1024;

    /// <summary>Kept of an answer, at most.</summary>
    private const int MostKept = 8 * 1024;

    /// <summary>The program's, as receivers and operators are told.</summary>
    public static string Version { get; } = VersionOf(typeof(WebhookSender).Assembly);

    /// <summary>How we name ourselves.</summary>
    public static ProductInfoHeaderValue UserAgent { get; } = new("CertHerald", Version);

    private static readonly StringWithQualityHeaderValue Identity = new("identity");

    private readonly WebhookClients _clients;
    private readonly TimeProvider _time;
    private readonly OutboundGuard _guard;
    private readonly MailSender _mail;

    // Receivers that speak HTTP/1.0 and close after each answer. The platform keeps such a connection all the same, and the
    // next POST would meet its end. As many as there are webhooks.
    private readonly ConcurrentDictionary<string, bool> _closing = new(StringComparer.OrdinalIgnoreCase);

    // Where the newest connection to each receiver leads: a request does not tell which of the open ones it took.
    private readonly ConcurrentDictionary<string, string> _peers = new(StringComparer.OrdinalIgnoreCase);

    public WebhookSender(OutboundGuard guard, TimeProvider time)
    {
        _clients = new WebhookClients(guard, time);
        _time = time;
        _guard = guard;
        _mail = new MailSender(guard, time);
    }

    /// <summary>What decides where it may connect to, as it is now.</summary>
    public OutboundOptions Outbound => _guard.Options;

    /// <summary>POSTs a body. Whatever the receiver or the network does is an answer, never an exception.</summary>
    /// <param name="isTest">Marks it, in a header, as an example.</param>
    /// <exception cref="OperationCanceledException">Cancelled by the caller: whether the receiver got it is unknown.</exception>
    public async Task<Answer> PostAsync(
        WebhookOptions webhook, DeliveryRules rules, string key, ReadOnlyMemory<byte> body, CancellationToken cancellation, bool isTest = false)
    {
        if (webhook.Mail is { } mail) return await _mail.SendAsync(mail, rules, key, body, isTest, cancellation);

        // Checked when it was saved, too: what comes by another way must not reach the wire either.
        if (webhook.Headers.Count > 0 && WebhookHeader.MistakeIn(webhook.Headers) is { } mistake) return new Answer(AttemptOutcome.Internal, null, $"The custom headers {mistake}.");

        // One limit over everything, the answer's body included: HttpClient's own would end with the headers.
        using var limit = new CancellationTokenSource(rules.TimeLimit, _time);
        using CancellationTokenRegistration caller = cancellation.UnsafeRegister(static limit => ((CancellationTokenSource)limit!).Cancel(), limit);
        using HttpRequestMessage request = CreateRequest(webhook, key, body);
        if (isTest) request.Headers.Add("CertHerald-Test", "1");
        var clock = new AttemptClock(_time);
        request.Options.Set(AttemptClock.Key, clock);

        try
        {
            string receiver = webhook.Url.Authority;
            HttpMessageInvoker http = _clients.For(webhook.Tls, isOnce: _closing.ContainsKey(receiver));
            using HttpResponseMessage response = await http.SendAsync(request, limit.Token);
            if (response.Version < HttpVersion.Version11) _closing.TryAdd(receiver, true);
            clock.Answered(_peers.GetValueOrDefault(receiver));
            int status = (int)response.StatusCode;
            string? retryAfter =
                response.Headers.NonValidated.TryGetValues("Retry-After", out HeaderStringValues values) ? values.ToString() : null;
            TimeSpan? rest = RetryAfter.Read(retryAfter, _time.GetUtcNow());
            byte[] kept = await ReadBodyAsync(webhook, response.Content, limit.Token);
            AttemptPhases phases = clock.Stop();
            if (phases is { Connect: not null, Peer: { } peer }) _peers[receiver] = peer;
            return new Answer(rules.Delivers(status) ? AttemptOutcome.Delivered : AttemptOutcome.Status, status, Detail: null)
            {
                RetryAfter = rest,
                Body = kept,
                Phases = phases,
            };
        }
        catch (Exception e) when (IsOfTheWorld(e))
        {
            cancellation.ThrowIfCancellationRequested();
            Answer answer = limit.IsCancellationRequested
                ? new Answer(AttemptOutcome.Timeout, null, $"no answer within {rules.TimeLimit.TotalSeconds} s")
                : AnswerTo(e);
            return answer with { Phases = clock.Stop() };
        }
    }

    public void Dispose() => _clients.Dispose();

    private HttpRequestMessage CreateRequest(WebhookOptions webhook, string key, ReadOnlyMemory<byte> body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url)
        {
            Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },

            // Never 3: its connections are not made through the guard.
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.Add("Idempotency-Key", key);
        request.Headers.UserAgent.Add(UserAgent);
        request.Headers.AcceptEncoding.Add(Identity);
        if (webhook.Credentials is var (user, password))
            request.Headers.Authorization =
                new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        foreach (WebhookHeader header in webhook.Headers) header.AddTo(request.Headers);
        if (webhook.Signer is { } signer)
            foreach (WebhookHeader header in signer.HeadersFor(key, _time.GetUtcNow(), body.Span)) header.AddTo(request.Headers);
        return request;
    }

    /// <summary>The status has decided already: a body that is slow, cut or too long is only shorter.</summary>
    private static async Task<byte[]> ReadBodyAsync(WebhookOptions webhook, HttpContent content, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(MostRead);
        int length = 0;
        try
        {
            await using Stream stream = await content.ReadAsStreamAsync(cancellation);
            while (length < MostRead)
            {
                int read = await stream.ReadAsync(buffer.AsMemory(length, MostRead - length), cancellation);
                if (read == 0) break;
                length += read;
            }
        }
        catch (Exception e) when (IsOfTheWorld(e))
        {
            // What came until then is kept.
        }

        byte[] kept = AnswerSecrets.Without(webhook, buffer.AsSpan(0, length), MostKept);
        ArrayPool<byte>.Shared.Return(buffer);
        return kept;
    }

    internal static bool IsOfTheWorld(Exception e) =>
        e is HttpRequestException or IOException or OperationCanceledException or OutboundBlockedException or NameResolutionException or ProxyFailedException;

    /// <summary>Which part of the way failed. What the platform's exceptions hold innermost is the most exact.</summary>
    internal static Answer AnswerTo(Exception failure)
    {
        for (Exception? e = failure; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case OutboundBlockedException:
                    return new Answer(AttemptOutcome.Blocked, null, e.Message);
                case ProxyFailedException proxy:
                    return new Answer(AttemptOutcome.Connect, null, e.Message) { Suspect = proxy.MayBeLocal ? Suspect.Ourselves : Suspect.Receiver };
                case NameResolutionException unresolved:
                    return new Answer(AttemptOutcome.Dns, null, e.Message) { Suspect = unresolved.MayBeLocal ? Suspect.NameServers : Suspect.Receiver };
                case AuthenticationException:
                    return new Answer(AttemptOutcome.Tls, null, e.Message);
            }
        }

        HttpRequestError? error = (failure as HttpRequestException)?.HttpRequestError;
        var socket = failure.GetBaseException() as SocketException;
        return error switch
        {
            HttpRequestError.SecureConnectionError => new Answer(AttemptOutcome.Tls, null, "the TLS handshake failed"),
            HttpRequestError.ConnectionError => new Answer(
                AttemptOutcome.Connect, null, socket is null ? "no connection" : $"no connection: {socket.SocketErrorCode}")
            {
                Suspect = LocalFaults.SuspectOf(socket?.SocketErrorCode),
            },
            null when failure is OperationCanceledException => new Answer(AttemptOutcome.Connect, null, "no connection within 5 s"),
            _ => new Answer(
                AttemptOutcome.Protocol, null, socket is null ? $"no usable answer: {error}" : $"the connection broke: {socket.SocketErrorCode}"),
        };
    }

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
}
