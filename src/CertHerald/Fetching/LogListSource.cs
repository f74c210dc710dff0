using System.Security.Cryptography;
using System.Text;
using CertHerald.Transparency.LogLists;
using Microsoft.Extensions.Logging;

namespace CertHerald.Fetching;

/// <summary>No usable log list: neither fetched nor kept from before. Retried on a schedule.</summary>
internal sealed class LogListUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// One log list, from a file or a URL. What came from a URL is kept on disk: a start without network goes on with it. For one
/// caller at a time.
/// </summary>
/// <param name="location">A path, or an HTTPS URL; plain HTTP from loopback only.</param>
/// <param name="cacheDirectory">Where fetched lists are kept; made if it is missing.</param>
/// <param name="http">Asks under <see cref="PrefixOf"/> the list's URL; null for a file.</param>
internal sealed partial class LogListSource(string location, string cacheDirectory, LogHttp? http, ILogger logger)
{
    private LogList? _list;
    private string? _etag;

    /// <summary>As configured, for messages.</summary>
    public string Location { get; } = location;

    /// <summary>The list in force; null before the first refresh that found one.</summary>
    public LogList? List => _list;

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
    /// Looks for a newer list. Trouble keeps the old one, with a warning; at a start, the one kept on disk. A list with a lower
    /// version than the one in force is not taken.
    /// </summary>
    /// <exception cref="LogListUnavailableException">There is no old one.</exception>
    public async Task<LogList> RefreshAsync(CancellationToken cancellation)
    {
        try
        {
            LogList found = http is null ? await ReadFileAsync(Location, cancellation) : await FetchAsync(http, cancellation);
            if (_list is not null && found.IsOlderThan(_list)) Older(Location, found.Version, _list.Version);
            else _list = found;
        }
        catch (Exception e) when (e is LogUnavailableException or LogListUnavailableException or IOException or UnauthorizedAccessException)
        {
            _list ??= http is null ? null : await TryReadCacheAsync(cancellation);
            if (_list is null) throw new LogListUnavailableException($"log list {Location}: {e.Message}", e);
            KeepsOld(Location, e.Message, _list.Version);
        }

        return _list;
    }

    private async Task<LogList> FetchAsync(LogHttp http, CancellationToken cancellation)
    {
        Uri url = UrlOf(Location)!;
        string path = url.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped)[PrefixOf(url).AbsoluteUri.Length..];
        using LogAnswer answer = await http.GetAsync(path, LogHttp.LargeCap, RequestPriority.Head, cancellation, _etag);
        if (answer.NotModified && _list is not null) return _list;

        LogList list = Read(answer.Body.Span, Location);
        _etag = answer.ETag;
        if (_list is null || !list.IsOlderThan(_list)) await KeepAsync(answer.Body, cancellation);
        return list;
    }

    private static async Task<LogList> ReadFileAsync(string path, CancellationToken cancellation)
    {
        if (new FileInfo(path) is { Exists: true, Length: > LogHttp.LargeCap } large)
            throw new LogListUnavailableException($"{large.Length} bytes, above the limit of {LogHttp.LargeCap}");
        return Read(await File.ReadAllBytesAsync(path, cancellation), path);
    }

    private async Task<LogList?> TryReadCacheAsync(CancellationToken cancellation)
    {
        try
        {
            return await ReadFileAsync(CachePath, cancellation);
        }
        catch (Exception e) when (e is LogListUnavailableException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private async Task KeepAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        try
        {
            Directory.CreateDirectory(cacheDirectory);
            // Written beside and renamed: killed between, the old copy is whole.
            string fresh = CachePath + ".new";
            await using (FileStream file = File.Create(fresh)) await file.WriteAsync(body, cancellation);
            File.Move(fresh, CachePath, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotKept(Location, e.Message);
        }
    }

    private static LogList Read(ReadOnlySpan<byte> json, string location) =>
        LogList.TryRead(json, out LogList? list, out IReadOnlyList<string> problems)
            ? list
            : throw new LogListUnavailableException($"log list {location}: {string.Join("; ", problems)}");

    [LoggerMessage(LogLevel.Warning, "Log list {Location} could not be refreshed: {Problem}. Version {Version} stays in force.")]
    private partial void KeepsOld(string location, string problem, string? version);

    [LoggerMessage(LogLevel.Warning, "Log list {Location} is of version {Found} and older than {InForce}, which stays in force.")]
    private partial void Older(string location, string? found, string? inForce);

    [LoggerMessage(LogLevel.Warning, "Log list {Location} could not be kept on disk: {Problem}")]
    private partial void NotKept(string location, string problem);
}
