using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CertHerald.Transparency.Certificates;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Api.Feeds;

/// <summary>Writes entries as CertStream's messages. Reads what is readable and never throws on what is not. For one user at a time.</summary>
internal sealed class CertStreamWriter : IDisposable
{
    /// <summary>Larger certificates are sent without their bytes and their chain.</summary>
    private const int MostBytes = 256 << 10;

    private const int MostIssuers = 8;

    // Not for HTML: base64 and names stay as they are.
    private static readonly JsonWriterOptions Style = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _buffer = new(8 << 10);
    private readonly Utf8JsonWriter _json;

    public CertStreamWriter() => _json = new Utf8JsonWriter(_buffer, Style);

    /// <summary>Whether it has grown so far that it should not be kept.</summary>
    public bool IsLarge => _buffer.Capacity > 1 << 20;

    public void Dispose() => _json.Dispose();

    /// <summary>One entry; null if there is no certificate in it that can be read.</summary>
    /// <param name="kind">One of them.</param>
    /// <param name="seen">When it was read.</param>
    public byte[]? Write(LogDescription log, RawEntry raw, CertStreamKinds kind, DateTimeOffset seen)
    {
        if (LogEntry.Read(raw, out LogEntry entry) != EntryFailure.None) return null;
        // A precertificate as it was submitted; if that is not there, what the log signed of it.
        ReadOnlySpan<byte> der = entry.Type == EntryType.X509 ? entry.Certificate : entry.PreCertificate;
        bool isWhole = CertificateView.TryRead(der, out CertificateView certificate);
        if (!isWhole && (entry.Type == EntryType.X509 || !CertificateView.TryReadTbs(entry.Tbs, out certificate))) return null;

        _buffer.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        if (kind == CertStreamKinds.Domains)
        {
            _json.WriteStartArray("data"u8);
            foreach (string domain in LeafCertJson.DomainsOf(certificate)) _json.WriteStringValue(domain);
            _json.WriteEndArray();
            _json.WriteString("message_type"u8, "dns_entries"u8);
        }
        else
        {
            _json.WriteStartObject("data"u8);
            WriteData(log, raw, entry, certificate, isWhole ? der : default, kind == CertStreamKinds.Full && der.Length <= MostBytes, seen);
            _json.WriteEndObject();
            _json.WriteString("message_type"u8, "certificate_update"u8);
        }
        _json.WriteEndObject();
        _json.Flush();
        return _buffer.WrittenSpan.ToArray();
    }

    /// <summary>What says that the stream lives.</summary>
    public static byte[] Heartbeat(DateTimeOffset now) =>
        Encoding.ASCII.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $$"""{"message_type":"heartbeat","timestamp":{{SecondsOf(now)}}}"""));

    private void WriteData(LogDescription log, RawEntry raw, LogEntry entry, CertificateView certificate, ReadOnlySpan<byte> der, bool isFull, DateTimeOffset seen)
    {
        _json.WriteNumber("cert_index"u8, raw.Index.Value);
        _json.WriteString("cert_link"u8, LinkTo(log, raw.Index));
        if (isFull)
        {
            _json.WriteStartArray("chain"u8);
            int issuers = 0;
            foreach (ReadOnlySpan<byte> issuer in entry.Chain)
                if (issuers++ < MostIssuers && issuer.Length <= MostBytes && CertificateView.TryRead(issuer, out CertificateView above))
                {
                    _json.WriteStartObject();
                    LeafCertJson.Write(_json, above, issuer, withBytes: true);
                    _json.WriteEndObject();
                }
            _json.WriteEndArray();
        }
        _json.WriteStartObject("leaf_cert"u8);
        LeafCertJson.Write(_json, certificate, der, withBytes: isFull);
        _json.WriteEndObject();
        _json.WriteNumber("seen"u8, SecondsOf(seen));
        _json.WriteStartObject("source"u8);
        _json.WriteString("name"u8, log.Description);
        _json.WriteString("url"u8, log.Url.ToString());
        _json.WriteString("type"u8, log.Protocol == LogProtocol.StaticCt ? "tiled"u8 : "rfc6962"u8);
        _json.WriteNumber("timestamp"u8, entry.Timestamp / 1000.0);
        _json.WriteEndObject();
        _json.WriteString("update_type"u8, entry.Type == EntryType.X509 ? "X509LogEntry"u8 : "PrecertLogEntry"u8);
    }

    private static double SecondsOf(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>Where the log itself shows the entry. The newest tiles of a static log may not be full yet, and then lie elsewhere.</summary>
    private static string LinkTo(LogDescription log, EntryIndex index) => log.Protocol == LogProtocol.StaticCt
        ? $"{log.Url}{Tiles.DataPath(index.Value / Tiles.FullWidth)}"
        : $"{log.Url}ct/v1/get-entries?start={index}&end={index}";
}
