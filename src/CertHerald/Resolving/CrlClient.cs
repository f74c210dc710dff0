using System.Buffers;
using System.Buffers.Text;
using System.Net;

namespace CertHerald.Resolving;

/// <summary>A revocation list could not be had, or cannot be believed. The message is for people.</summary>
/// <param name="outcome">As metrics name it.</param>
internal sealed class CrlUnusableException(string outcome, string message, Exception? inner = null) : Exception(message, inner)
{
    public string Outcome { get; } = outcome;
}

/// <summary>Gets revocation lists. Believes nothing of them.</summary>
/// <param name="client">One whose connections pass the outbound guard: addresses come from certificates, which strangers write. It follows no redirects.</param>
internal sealed class CrlClient(HttpClient client, RevocationOptions options, TimeProvider time)
{
    private const int FirstBuffer = 1 << 16;

    private static ReadOnlySpan<byte> PemStart => "-----BEGIN"u8;

    private static ReadOnlySpan<byte> First => "-----BEGIN X509 CRL-----"u8;

    private static ReadOnlySpan<byte> Last => "-----END X509 CRL-----"u8;

    /// <summary>A list, DER. It may come as PEM, which RFC 5280 §4.2.1.13 does not foresee and some CAs do.</summary>
    /// <exception cref="CrlUnusableException">There is none.</exception>
    public async Task<ReadOnlyMemory<byte>> GetAsync(Uri address, CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        try
        {
            return Der(await ReadAsync(address, either.Token));
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            throw new CrlUnusableException("timeout", $"{address}: no whole answer within {options.Timeout.TotalSeconds:0} s");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or UriFormatException or InvalidOperationException)
        {
            // The guard's word reaches us wrapped; it tells no more than that it refused. The others: hosts that no name can be.
            throw new CrlUnusableException("unreachable", $"{address}: {failure.InnerException?.Message ?? failure.Message}", failure);
        }
    }

    private async Task<Memory<byte>> ReadAsync(Uri address, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if ((int)answer.StatusCode is >= 300 and < 400) throw new CrlUnusableException("status", $"{address}: status {(int)answer.StatusCode}: redirects are not followed");
        if (answer.StatusCode != HttpStatusCode.OK) throw new CrlUnusableException("status", $"{address}: status {(int)answer.StatusCode}");
        long? declared = answer.Content.Headers.ContentLength;
        if (declared > options.MostBytes) throw TooLarge(address);

        await using Stream stream = await answer.Content.ReadAsStreamAsync(cancellation);
        // One byte more than is said to come, or is allowed: the end is found without growing.
        byte[] body = new byte[(int)(declared ?? FirstBuffer) + 1];
        for (int length = 0; ;)
        {
            int read = await stream.ReadAsync(body.AsMemory(length), cancellation);
            if (read == 0) return body.AsMemory(0, length);
            length += read;
            if (length > options.MostBytes) throw TooLarge(address);
            if (length == body.Length) Array.Resize(ref body, (int)Math.Min(2L * length, options.MostBytes + 1L));
        }
    }

    private CrlUnusableException TooLarge(Uri address) => new(
        "too_large", $"{address}: larger than {options.MostBytes / (1 << 20)} MiB: raise revocation.max_mib if there is memory for it");

    private static ReadOnlyMemory<byte> Der(Memory<byte> body)
    {
        if (!body.Span.TrimStart(" \t\r\n"u8).StartsWith(PemStart)) return body;
        // The first block or none: to try one label after the other takes hours where somebody has written millions.
        int start = body.Span.IndexOf(First);
        if (start < 0) return body;
        Memory<byte> text = body[(start + First.Length)..];
        int end = text.Span.IndexOf(Last);
        if (end < 0) return body;
        text = text[..end];
        return Base64.DecodeFromUtf8InPlace(text.Span, out int length) == OperationStatus.Done ? text[..length] : body;
    }
}
