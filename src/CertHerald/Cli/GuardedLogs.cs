using CertHerald.Delivering;
using CertHerald.Fetching;

namespace CertHerald.Cli;

/// <summary>The clients for logs, each with as much reach as the word is worth that its addresses come from.</summary>
internal static class GuardedLogs
{
    /// <summary>Configured logs may be anywhere. Addresses from a list that somebody else writes reach no more than a webhook.</summary>
    /// <param name="lists">The log lists that may name logs: URLs and paths.</param>
    public static LogClients CreateClients(OutboundGuard guard, string contact, IEnumerable<string> lists, bool anyCertificate = false)
    {
        bool isForeign = lists.Any(list => LogListSource.UrlOf(list) is { IsLoopback: false });
        return new LogClients(
            Client(OutboundReach.Named),
            Client(isForeign ? OutboundReach.Guarded : OutboundReach.Named),
            anyCertificate ? Client(OutboundReach.Named, takesAnyCertificate: true) : null);

        HttpClient Client(OutboundReach reach, bool takesAnyCertificate = false) =>
            LogHttp.CreateClient(contact, guard.Through(() => LogHttp.CreateHandler(takesAnyCertificate), reach));
    }
}
