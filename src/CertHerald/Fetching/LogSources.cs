using System.Diagnostics;
using System.Diagnostics.Metrics;
using CertHerald.Transparency.LogLists;
using Microsoft.Extensions.Logging;

namespace CertHerald.Fetching;

/// <summary>From <see cref="LogHttp.CreateClient"/>.</summary>
/// <param name="Configured">For logs that the configuration names, and log lists on this machine: they may be anywhere.</param>
/// <param name="Listed">For other log lists, and the logs that lists name.</param>
/// <param name="AnyCertificate">For those whose TLS certificate is not looked at; null if there are none.</param>
internal sealed record LogClients(HttpClient Configured, HttpClient Listed, HttpClient? AnyCertificate = null) : IDisposable
{
    public void Dispose()
    {
        Configured.Dispose();
        Listed.Dispose();
        AnyCertificate?.Dispose();
    }
}

/// <summary>Opens logs for reading. All share connections, pacing, memory and what is known of issuers. Thread-safe.</summary>
internal sealed class LogSources(LogClients clients, Pacers pacers, FetchMemory memory, TimeProvider time, Meter meter, ILogger<LogSources> logger)
{
    private readonly Counter<long> _requests = LogHttp.CreateCounter(meter);
    private readonly IssuerCache _issuers = new();

    /// <summary>A reader for one lane of a log.</summary>
    /// <param name="isCustom">The log is from the configuration, not from a list: no limit of ours on its requests.</param>
    /// <param name="page">Its <see cref="LogReader.PageSize"/> as learned before.</param>
    public LogReader Read(LogDescription log, RequestPriority lane, bool isCustom, int page = PageSize.First) =>
        new(log, For(log, lane, isCustom, page), memory, lane);

    /// <inheritdoc cref="Read(LogDescription, RequestPriority, bool, int)"/>
    public LogReader Read(ChosenLog chosen, RequestPriority lane, int page = PageSize.First) =>
        new(chosen.Log, For(chosen.Log, lane, chosen.IsCustom, page, chosen.TakesAnyCertificate), memory, lane);

    /// <summary>A log list. Its place must have passed <see cref="LogListSource.IsUsable"/>.</summary>
    /// <param name="cacheDirectory">Where a list from a URL is kept.</param>
    public LogListSource List(LogListOptions list, string cacheDirectory)
    {
        LogHttp? http = LogListSource.UrlOf(list.Location) is { } url
            ? new LogHttp(url.IsLoopback ? clients.Configured : clients.Listed, LogListSource.PrefixOf(url), "log list", pacers.For("log list", url, isCustom: false), time, _requests)
            : null;
        return new LogListSource(list, cacheDirectory, http, time, logger);
    }

    /// <summary>Every protocol. Adding one means adding a line here.</summary>
    public ILogSource For(LogDescription log, RequestPriority lane, bool isCustom, int page = PageSize.First, bool anyCertificate = false) => log.Protocol switch
    {
        LogProtocol.Rfc6962 => new Rfc6962Source(Http(log, new Uri(log.Url, "ct/v1/"), isCustom, anyCertificate), lane, page),
        LogProtocol.StaticCt => new StaticCtSource(Http(log, log.Url, isCustom, anyCertificate), log.Origin, log.Key, lane, _issuers, logger),
        _ => throw new UnreachableException(),
    };

    private LogHttp Http(LogDescription log, Uri prefix, bool isCustom, bool anyCertificate) =>
        new(anyCertificate ? clients.AnyCertificate! : isCustom ? clients.Configured : clients.Listed, prefix, NameOf(log), pacers.For(log.Operator, prefix, isCustom, log.Protocol), time, _requests);

    /// <summary>What metrics and messages call a log.</summary>
    public static string NameOf(LogDescription log) => log.Description.Length > 0 ? log.Description : log.Origin;
}
