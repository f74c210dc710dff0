using System.Net;
using CertHerald.Delivering;
using CertHerald.Fetching;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary>Reads what the user names by URL or path. Strict: what he did not name is not asked.</summary>
/// <param name="outbound">What may be asked; this machine always.</param>
/// <param name="option">Where he names it.</param>
/// <param name="thing">What it is, in a word.</param>
/// <param name="ifAbsent">What to do if its address has nothing.</param>
/// <param name="ifLong">Why <paramref name="mostBytes"/> is enough.</param>
internal sealed class NamedSource(OutboundOptions outbound, string option, string thing, string ifAbsent, string ifLong, int mostBytes, TimeSpan longest)
{
    /// <summary>Why a source is not even tried; null if it is.</summary>
    public static string? Refusal(string option, string source)
    {
        if (UrlOf(source) is not { } url) return null;
        if (url.UserInfo.Length > 0) return $"{option}: a URL with a password is not asked: download it and name the file";
        return url.Scheme == Uri.UriSchemeHttp && !url.IsLoopback ? $"{option}: {Shown(url)} is not encrypted: write https://…" : null;
    }

    /// <exception cref="CommandFailedException">It cannot be had.</exception>
    public Task<byte[]> ReadAsync(string source, CancellationToken stopping) =>
        UrlOf(source) is { } url ? DownloadAsync(url, stopping) : ReadFileAsync(source, stopping);

    private static Uri? UrlOf(string source) =>
        Uri.TryCreate(source, UriKind.Absolute, out Uri? url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp) ? url : null;

    private async Task<byte[]> ReadFileAsync(string path, CancellationToken stopping)
    {
        try
        {
            await using FileStream file = File.OpenRead(path);
            return await ReadAsync(file, Visible.Of(path), stopping);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"{Visible.Of(path)} cannot be read: {failure.Message}", failure);
        }
    }

    private async Task<byte[]> DownloadAsync(Uri url, CancellationToken stopping)
    {
        using var clock = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        clock.CancelAfter(longest);
        OutboundReach reach = url.IsLoopback ? OutboundReach.Named : OutboundReach.Guarded;
        using HttpClient client = LogHttp.CreateClient("", new OutboundGuard(outbound).Through(() => LogHttp.CreateHandler(), reach));
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, clock.Token);
            if ((int)answer.StatusCode is >= 300 and < 400)
                throw new CommandFailedException(
                    $"{Shown(url)} leads elsewhere (status {(int)answer.StatusCode}{(answer.Headers.Location is { } to ? $", to {Visible.Of(to.ToString())}" : "")}): name the final address with {option}, or download the {thing} and name the file");
            if (answer.StatusCode != HttpStatusCode.OK)
                throw new CommandFailedException($"{Shown(url)} answered {(int)answer.StatusCode}: {ifAbsent}, or download it and name the file");

            await using Stream body = await answer.Content.ReadAsStreamAsync(clock.Token);
            return await ReadAsync(body, Shown(url), clock.Token);
        }
        catch (HttpRequestException failure) when (failure.InnerException is OutboundBlockedException refused)
        {
            throw new CommandFailedException($"{Shown(url)} is not asked: {refused.Reason}; open it, or download the {thing} and name the file", failure);
        }
        catch (OperationCanceledException failure) when (!stopping.IsCancellationRequested)
        {
            throw new CommandFailedException($"{Shown(url)} gave no whole {thing} within {longest.TotalSeconds:0.#} s: try again, or download it and name the file", failure);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or InvalidDataException)
        {
            throw new CommandFailedException($"{Shown(url)} gave no whole {thing}: {failure.Message}", failure);
        }
    }

    private async Task<byte[]> ReadAsync(Stream stream, string name, CancellationToken cancellation)
    {
        using var whole = new MemoryStream();
        byte[] chunk = new byte[128 << 10];
        while (await stream.ReadAsync(chunk, cancellation) is > 0 and int read)
        {
            if (whole.Length + read > mostBytes) throw new CommandFailedException($"{name} has more than {mostBytes} bytes: {ifLong}");
            whole.Write(chunk, 0, read);
        }
        return whole.ToArray();
    }

    private static string Shown(Uri url) => Visible.Of(url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped));
}
