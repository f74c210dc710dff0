using CertHerald.Storage;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Api;

/// <summary>A log's promise inside a certificate to show it. Its signature is not checked here: that a log did show it stands with the sightings.</summary>
/// <param name="LogDescription">Null if the log was never followed.</param>
/// <param name="Promised">Null if it is beyond the year 9999.</param>
internal sealed record SctJson(string Log, string? LogDescription, DateTimeOffset? Promised)
{
    /// <summary>No certificate needs more; one that holds a million must not keep anybody busy.</summary>
    public const int Most = 20;

    public static IReadOnlyList<SctJson> AllOf(byte[] der, IReadOnlyList<StoredLog> logs)
    {
        var found = new List<SctJson>();
        if (!CertificateView.TryRead(der, out CertificateView certificate)) return found;
        foreach (SerializedSct sct in certificate.Scts)
        {
            if (!sct.IsReadable) continue;
            string id = sct.LogId.ToString();
            found.Add(new SctJson(id, logs.FirstOrDefault(log => log.Id.ToString() == id)?.Description, sct.Timestamp));
            if (found.Count == Most) break;
        }
        return found;
    }
}
