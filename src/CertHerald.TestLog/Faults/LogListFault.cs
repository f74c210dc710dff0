using System.Text.Json.Nodes;
using CertHerald.TestLog.Serving;

namespace CertHerald.TestLog.Faults;

/// <summary>F38: what can be wrong with a log list, and what a list may rightly say of a log.</summary>
internal sealed class LogListFault(string form) : ActiveFault
{
    // One for each protocol, made once: a list that said something else at every look would never fit its signature.
    private readonly Lazy<LogKey[]> _placeholders = new(() => [LogKey.Create(LogKeyKind.EcdsaP256), LogKey.Create(LogKeyKind.EcdsaP256)]);

    private static readonly string[] States = ["pending", "qualified", "usable", "readonly", "retired", "rejected"];

    public static ActiveFault? Of(string argument) =>
        argument is "signature" or "version" or "placeholder" or "id" or "url" or "removed" or "offline" || States.Contains(argument)
            ? new LogListFault(argument) : null;

    /// <summary>The logs of a list, of both kinds.</summary>
    public static IEnumerable<JsonObject> LogsOf(JsonObject list) =>
        from who in list["operators"]!.AsArray()
        from logs in new[] { who["logs"]!, who["tiled_logs"]! }
        from log in logs.AsArray()
        select log.AsObject();

    /// <summary>The same addresses at another host.</summary>
    public static void Rename(LogServer server, JsonObject list, string host)
    {
        foreach (JsonObject log in LogsOf(list))
            foreach (string address in new[] { "url", "submission_url", "monitoring_url" })
                if (log[address] is { } url) log[address] = url.GetValue<string>().Replace(server.Url.Host, host, StringComparison.Ordinal);
    }

    protected override void Ended()
    {
        if (!_placeholders.IsValueCreated) return;
        foreach (LogKey key in _placeholders.Value) key.Dispose();
    }

    public override Answer? Instead(Question question) =>
        form == "offline" && Concerns(question) && Take() ? Answer.Refusal(503, "The list is not available.") : null;

    public override async ValueTask<Answer> ChangeAsync(Question question, Answer answer)
    {
        if (form != "signature" || !question.Context.Request.Path.Value!.EndsWith(".sig", StringComparison.Ordinal) || !Take()) return answer;
        byte[] signature = await answer.BodyAsync(question.Gone);
        signature[^1] ^= 1;
        return answer.WithBody(signature);
    }

    public override void ChangeList(LogServer server, JsonObject list)
    {
        if (form is "signature" or "offline" || !Take()) return;
        switch (form)
        {
            case "version":
                list["version"] = "0.9";
                list["log_list_timestamp"] = "2020-01-01T00:00:00Z";
                break;
            case "placeholder":
                foreach ((JsonObject log, LogKey key) in LogsOf(list).ToArray().Zip(_placeholders.Value))
                {
                    JsonObject other = log.DeepClone().AsObject();
                    (other["description"], other["log_id"], other["key"]) = ("Placeholder", key.Id.ToString(), Convert.ToBase64String(key.Spki.Span));
                    foreach (string address in new[] { "url", "submission_url", "monitoring_url" })
                        if (other[address] is not null) other[address] = "https://ct.example.com/";
                    log.Parent!.AsArray().Add(other);
                }
                break;
            case "id":
                foreach (JsonObject log in LogsOf(list)) log["log_id"] = Convert.ToBase64String(new byte[32]);
                break;
            case "url":
                // Where it is read only: with its submission prefix a log would change its name.
                foreach (JsonObject log in LogsOf(list))
                    foreach (string address in new[] { "url", "monitoring_url" })
                        if (log[address] is { } url) log[address] = url.GetValue<string>().Replace(server.Url.AbsoluteUri, new Uri(server.Url, LogServer.Moved).AbsoluteUri, StringComparison.Ordinal);
                break;
            case "removed":
                foreach (JsonArray logs in LogsOf(list).Select(log => log.Parent!.AsArray()).Distinct().ToArray()) logs.Clear();
                break;
            default:
                foreach (JsonObject log in LogsOf(list))
                {
                    JsonNode said = log["state"]!.AsObject().Single().Value!.DeepClone();
                    log["state"] = new JsonObject { [form] = said };
                }
                break;
        }
    }
}
