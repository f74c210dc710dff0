using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.TestLog.Faults;

namespace CertHerald.TestLog.Serving;

/// <summary>
/// A log list in the form of Chrome's v3, with one operator and this log, and its signature. Its version counts up whenever it
/// says something else; until then its bytes stay the same, so that the signature fits. Thread-safe.
/// </summary>
internal sealed class LogList(LogServer server) : IDisposable
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Lock _gate = new();
    private readonly Dictionary<ListedProtocols, Edition> _editions = [];
    private readonly string _started = Stamp(server.Log.Options.Time.GetUtcNow());

    // Made when first asked for: it takes a while.
    private readonly Lazy<RSA> _key = new(() => RSA.Create(2048));

    /// <summary>DER SubjectPublicKeyInfo of the key that signs the list.</summary>
    public byte[] KeySpki => _key.Value.ExportSubjectPublicKeyInfo();

    public byte[] Write(ListedProtocols listed)
    {
        JsonObject list = Describe(listed);
        foreach (ActiveFault fault in server.Log.Faults.Active) fault.ChangeList(server, list);
        string content = list.ToJsonString();
        lock (_gate)
        {
            _editions.TryGetValue(listed, out Edition? edition);
            if (edition?.Content != content)
                _editions[listed] = edition = new Edition(content, edition is null ? 0 : edition.Number + 1, Stamp(server.Log.Options.Time.GetUtcNow()));
            list["version"] ??= $"1.{edition.Number.ToString(CultureInfo.InvariantCulture)}";
            list["log_list_timestamp"] ??= edition.Timestamp;
        }
        return JsonSerializer.SerializeToUtf8Bytes(list, Indented);
    }

    /// <summary>RSA PKCS#1 v1.5 with SHA-256 over the exact bytes, as Chrome's list is signed.</summary>
    public byte[] Sign(ListedProtocols listed) => _key.Value.SignData(Write(listed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    public void Dispose()
    {
        if (_key.IsValueCreated) _key.Value.Dispose();
    }

    private JsonObject Describe(ListedProtocols listed)
    {
        JsonArray logs = [], tiled = [];
        if (listed.HasFlag(ListedProtocols.Rfc6962))
        {
            JsonObject log = Describe(LogProtocol.Rfc6962, " (RFC 6962)");
            log["url"] = server.Url.AbsoluteUri;
            logs.Add(log);
        }
        if (listed.HasFlag(ListedProtocols.StaticCt))
        {
            JsonObject log = Describe(LogProtocol.StaticCt, " (static-ct)");
            log["submission_url"] = server.SubmissionUrl.AbsoluteUri;
            log["monitoring_url"] = server.MonitoringUrl.AbsoluteUri;
            tiled.Add(log);
        }
        return new JsonObject
        {
            ["version"] = null,
            ["log_list_timestamp"] = null,
            ["operators"] = new JsonArray(new JsonObject
            {
                ["name"] = server.Log.Options.Operator,
                ["email"] = new JsonArray("testlog@localhost"),
                ["logs"] = logs,
                ["tiled_logs"] = tiled,
            }),
        };
    }

    private JsonObject Describe(LogProtocol protocol, string side) => new()
    {
        ["description"] = server.Log.Options.Description + side,
        ["log_id"] = server.Log.KeyOf(protocol).Id.ToString(),
        ["key"] = Convert.ToBase64String(server.Log.KeyOf(protocol).Spki.Span),
        ["mmd"] = (long)server.Log.Options.MaximumMergeDelay.TotalSeconds,
        ["state"] = new JsonObject { ["usable"] = new JsonObject { ["timestamp"] = _started } },
    };

    private static string Stamp(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private sealed record Edition(string Content, int Number, string Timestamp);
}
