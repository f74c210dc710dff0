using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CertHerald.Transparency.LogLists;

namespace CertHerald.Tests.Doubles;

/// <summary>Log lists of one's own, as Chrome writes them.</summary>
internal static class LogLists
{
    public static byte[] Json(string version, params JsonObject[] logs) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["version"] = version,
        ["operators"] = new JsonArray(new JsonObject
        {
            ["name"] = "an operator",
            ["logs"] = new JsonArray([.. logs.Where(log => log.ContainsKey("url"))]),
            ["tiled_logs"] = new JsonArray([.. logs.Where(log => !log.ContainsKey("url"))]),
        }),
    }.ToJsonString());

    /// <summary>A log as a list names it.</summary>
    public static JsonObject Entry(LogDescription log)
    {
        var entry = new JsonObject
        {
            ["description"] = log.Description,
            ["log_id"] = log.Id.ToString(),
            ["key"] = Convert.ToBase64String(log.Key.Spki.Span),
        };
        if (log.Protocol == LogProtocol.Rfc6962) entry["url"] = log.Url.OriginalString;
        else (entry["monitoring_url"], entry["submission_url"]) = (log.Url.OriginalString, log.SubmissionUrl!.OriginalString);
        if (log.LogType is { } type) entry["log_type"] = type;
        if (log.TemporalInterval is { } interval)
            entry["temporal_interval"] = new JsonObject { ["start_inclusive"] = interval.Start.ToString("o", CultureInfo.InvariantCulture), ["end_exclusive"] = interval.End.ToString("o", CultureInfo.InvariantCulture) };
        if (log.State == LogState.None) return entry;

        var state = new JsonObject();
        if (log.FinalTreeHead is { } final)
            state["final_tree_head"] = new JsonObject { ["tree_size"] = final.Size.Value, ["sha256_root_hash"] = final.Root.ToBase64() };
        entry["state"] = new JsonObject { [log.State.ToString().ToLowerInvariant()] = state };
        return entry;
    }
}
