using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CertHerald.TestLog.Serving;

/// <summary>A log list in the form of Chrome's v3, with one operator and this log.</summary>
internal static class LogList
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static byte[] Write(LogServer server, ListedProtocols listed)
    {
        string now = server.Log.Options.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        JsonArray logs = [], tiled = [];
        if (listed.HasFlag(ListedProtocols.Rfc6962))
        {
            JsonObject log = Describe(server.Log, LogProtocol.Rfc6962, " (RFC 6962)", now);
            log["url"] = server.Url.AbsoluteUri;
            logs.Add(log);
        }
        if (listed.HasFlag(ListedProtocols.StaticCt))
        {
            JsonObject log = Describe(server.Log, LogProtocol.StaticCt, " (static-ct)", now);
            log["submission_url"] = server.SubmissionUrl.AbsoluteUri;
            log["monitoring_url"] = server.MonitoringUrl.AbsoluteUri;
            tiled.Add(log);
        }
        var list = new JsonObject
        {
            ["version"] = "1.0",
            ["log_list_timestamp"] = now,
            ["operators"] = new JsonArray(new JsonObject
            {
                ["name"] = server.Log.Options.Operator,
                ["email"] = new JsonArray("testlog@localhost"),
                ["logs"] = logs,
                ["tiled_logs"] = tiled,
            }),
        };
        return JsonSerializer.SerializeToUtf8Bytes(list, Indented);
    }

    private static JsonObject Describe(Log log, LogProtocol protocol, string side, string now) => new()
    {
        ["description"] = log.Options.Description + side,
        ["log_id"] = log.KeyOf(protocol).Id.ToString(),
        ["key"] = Convert.ToBase64String(log.KeyOf(protocol).Spki.Span),
        ["mmd"] = (long)log.Options.MaximumMergeDelay.TotalSeconds,
        ["state"] = new JsonObject { ["usable"] = new JsonObject { ["timestamp"] = now } },
    };
}
