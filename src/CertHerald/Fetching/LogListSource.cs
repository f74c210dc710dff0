using System.Security.Cryptography;
using System.Text;
using CertHerald.Transparency.LogLists;
using Microsoft.Extensions.Logging;

namespace CertHerald.Fetching;

/// <summary>No usable log list: neither fetched nor kept from before. Retried on a schedule.</summary>
internal sealed class LogListUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// One log list, from a file or a URL. Where it is signed, nothing is believed without the signature, the copy on disk
/// included. What came from a URL is kept on disk: a start without network goes on with it. For one caller at a time; the
/// properties may be read by anyone.
/// </summary>
/// <param name="cacheDirectory">Where fetched lists are kept; made if it is missing.</param>
/// <param name="http">Asks under <see cref="PrefixOf"/> the list's URL; null for a file.</param>
internal sealed partial class LogListSource(LogListOptions options, string cacheDirectory, LogHttp? http, TimeProvider time, ILogger logger)
{
    /// <summary>How often a list is looked at, give or take a half.</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromHours(1);

    /// <summary>When list and signature are fetched again that do not belong together: one of them may be from a cache.</summary>
    public static readonly TimeSpan RefetchAfter = TimeSpan.FromSeconds(60);

    /// <summary>Fetches after the first before a bad signature is a problem.</summary>
    public const int Refetches = 3;

    private volatile LogList? _list;
    private string? _etag;
    private int _unsigned;
    private long _refreshed;

    /// <summary>As configured. Not for messages: see <see cref="Shown"/>.</summary>
    public string Location => options.Location;

    /// <inheritdoc cref="LogListOptions.Shown"/>
    public string Shown => options.Shown;

    /// <inheritdoc cref="LogListOptions.Name"/>
    public string Name => options.Name;

    /// <summary>The list in force; null before the first refresh that found one.</summary>
    public LogList? List => _list;

    /// <summary>When the list in force was last known to be the newest; null if never.</summary>
    public DateTimeOffset? RefreshedAt => Interlocked.Read(ref _refreshed) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Whether the last answer's signature was bad, and is worth another look after <see cref="RefetchAfter"/>.</summary>
    public bool IsToRefetch => _unsigned is > 0 and <= Refetches;

    private string CachePath =>
        Path.Combine(cacheDirectory, $"loglist-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Location)))[..16]}.json");

    /// <summary>Whether this is a place a list can be had from.</summary>
    /// <param name="problem">Why not, for people; null if it is.</param>
    public static bool IsUsable(string location, out string? problem)
    {
        problem = null;
        if (UrlOf(location) is not { } url) return true;
        if (url.Scheme == Uri.UriSchemeHttp && !url.IsLoopback) problem = "a log list over plain HTTP could be anyone's: use https";
        else if (url.UserInfo.Length > 0) problem = "a log list's URL takes no user name or password";
        return problem is null;
    }

    /// <summary>The URL, if it is one and not a path.</summary>
    public static Uri? UrlOf(string location) =>
        Uri.TryCreate(location, UriKind.Absolute, out Uri? url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
            ? url
            : null;

    /// <summary>The URL up to the last slash of its path.</summary>
    public static Uri PrefixOf(Uri url) => new(url, ".");

    /// <summary>
    /// Looks for a newer list, once. Trouble keeps the old one, with a warning; at a start, the one kept on disk. A list with a
    /// lower version than the old one's is not taken.
    /// </summary>
    /// <exception cref="LogListUnavailableException">There is no old one.</exception>
    public async Task<LogList> RefreshAsync(CancellationToken cancellation)
    {
        // Before the answer counts: a restart must not let an older list in.
        LogList? before = _list ?? (http is null ? null : await TryReadCacheAsync(cancellation));
        try
        {
            LogList found = http is null ? await ReadFileAsync(Location, cancellation) : await FetchAsync(http, before, cancellation);
            _unsigned = 0;
            if (before is not null && found.IsOlderThan(before))
            {
                Older(Shown, found.Version, before.Version);
                found = before;
            }
            else
            {
                RefreshedNow(time.GetUtcNow());
            }
            return _list = found;
        }
        catch (Exception e) when (e is LogUnavailableException or LogListUnavailableException or UnsignedListException or IOException or UnauthorizedAccessException)
        {
            _unsigned = e is not UnsignedListException ? 0 : _unsigned > Refetches ? 1 : _unsigned + 1;
            _list = before ?? throw new LogListUnavailableException($"log list {Shown}: {WithoutQuery(e.Message)}", e);
            if (!IsToRefetch) KeepsOld(Shown, WithoutQuery(e.Message), before.Version);
            return before;
        }
    }

    /// <summary>Who fetches tells the whole path it asked for.</summary>
    private string WithoutQuery(string message) => UrlOf(Location) is { Query.Length: > 1 } url ? message.Replace(url.Query, "", StringComparison.Ordinal) : message;

    private async Task<LogList> FetchAsync(LogHttp http, LogList? before, CancellationToken cancellation)
    {
        Uri url = UrlOf(Location)!;
        using LogAnswer answer = await http.GetAsync(PathOf(url), LogHttp.LargeCap, RequestPriority.Head, cancellation, _list is null ? null : _etag);
        if (answer.NotModified && _list is { } same)
        {
            Touch();
            return same;
        }

        // Whatever is wrong with this answer, the next one is asked for whole.
        _etag = null;
        byte[]? signature = null;
        if (options.SignedBy is not null)
        {
            var beside = new UriBuilder(url) { Path = ListSigner.SignatureOf(url.AbsolutePath) };
            using LogAnswer signed = await http.GetAsync(PathOf(beside.Uri), LogHttp.SmallCap, RequestPriority.Head, cancellation);
            signature = signed.Body.ToArray();
        }
        LogList list = Read(answer.Body.Span, signature);
        if (before is not null && list.IsOlderThan(before)) return list;

        _etag = answer.ETag;
        await KeepAsync(answer.Body, signature, cancellation);
        return list;

        static string PathOf(Uri url) => url.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped)[PrefixOf(url).AbsoluteUri.Length..];
    }

    private Task<LogList> ReadFileAsync(string path, CancellationToken cancellation) => ReadFileAsync(path, ListSigner.SignatureOf(path), cancellation);

    private async Task<LogList> ReadFileAsync(string path, string signaturePath, CancellationToken cancellation)
    {
        byte[] json = await BytesAsync(path, LogHttp.LargeCap, cancellation);
        byte[]? signature = options.SignedBy is null ? null : await BytesAsync(signaturePath, LogHttp.SmallCap, cancellation);
        return Read(json, signature);
    }

    private static async Task<byte[]> BytesAsync(string path, int cap, CancellationToken cancellation) =>
        new FileInfo(path) is { Exists: true } file && file.Length > cap
            ? throw new LogListUnavailableException($"{path} has {file.Length} bytes, above the limit of {cap}")
            : await File.ReadAllBytesAsync(path, cancellation);

    private async Task<LogList?> TryReadCacheAsync(CancellationToken cancellation)
    {
        // Killed between the two renames, the new list still stands beside under its first name.
        foreach (string path in (string[])[CachePath, $"{CachePath}.new"])
        {
            try
            {
                LogList kept = await ReadFileAsync(path, ListSigner.SignatureOf(CachePath), cancellation);
                RefreshedNow(File.GetLastWriteTimeUtc(path));
                return kept;
            }
            catch (FileNotFoundException)
            {
            }
            catch (DirectoryNotFoundException)
            {
            }
            catch (Exception e) when (e is LogListUnavailableException or UnsignedListException or IOException or UnauthorizedAccessException)
            {
                NotRead(Shown, e.Message);
            }
        }
        return null;
    }

    private async Task KeepAsync(ReadOnlyMemory<byte> body, byte[]? signature, CancellationToken cancellation)
    {
        try
        {
            Directory.CreateDirectory(cacheDirectory);
            // Written beside and renamed: killed between, the old copy is whole.
            string signaturePath = ListSigner.SignatureOf(CachePath);
            await WriteAsync($"{CachePath}.new", body, cancellation);
            if (signature is not null)
            {
                await WriteAsync($"{signaturePath}.new", signature, cancellation);
                File.Move($"{signaturePath}.new", signaturePath, overwrite: true);
            }
            File.Move($"{CachePath}.new", CachePath, overwrite: true);
            Touch();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotKept(Shown, e.Message);
        }
    }

    private static async Task WriteAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        await using FileStream file = File.Create(path);
        await file.WriteAsync(bytes, cancellation);
    }

    /// <summary>The copy's time is when it was last known to be the newest.</summary>
    private void Touch()
    {
        try
        {
            File.SetLastWriteTimeUtc(CachePath, time.GetUtcNow().UtcDateTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotKept(Shown, e.Message);
        }
    }

    private void RefreshedNow(DateTimeOffset at) => Interlocked.Exchange(ref _refreshed, at.UtcTicks);

    private LogList Read(ReadOnlySpan<byte> json, byte[]? signature)
    {
        if (options.SignedBy is { } signer && !LogListSignature.Verify(json, signature, signer.Key.Span))
            throw new UnsignedListException($"it does not bear the signature of {signer.Name}");
        return LogList.TryRead(json, out LogList? list, out IReadOnlyList<string> problems)
            ? list
            : throw new LogListUnavailableException(string.Join("; ", problems));
    }

    /// <summary>List and signature do not belong together.</summary>
    private sealed class UnsignedListException(string message) : Exception(message);

    [LoggerMessage(LogLevel.Warning, "Log list {Location} could not be refreshed: {Problem}. Version {Version} stays in force.")]
    private partial void KeepsOld(string location, string problem, string? version);

    [LoggerMessage(LogLevel.Warning, "Log list {Location} is of version {Found} and older than {InForce}, which stays in force.")]
    private partial void Older(string location, string? found, string? inForce);

    [LoggerMessage(LogLevel.Warning, "Log list {Location} could not be kept on disk: {Problem}")]
    private partial void NotKept(string location, string problem);

    [LoggerMessage(LogLevel.Warning, "Log list {Location}: the copy on disk is of no use: {Problem}")]
    private partial void NotRead(string location, string problem);
}
