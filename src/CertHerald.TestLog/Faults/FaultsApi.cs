using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.TestLog.Serving;
using Microsoft.AspNetCore.Http;

namespace CertHerald.TestLog.Faults;

/// <summary>
/// Switches faults while the log runs. GET lists them; POST takes lines of text, or a JSON list of strings, in order:
/// a fault is added, <c>-NAME</c> ends those of a name, <c>clear</c> ends all. A mistake changes nothing.
/// </summary>
internal static class FaultsApi
{
    public const string Path = "/testlog/faults";

    private const int MaxBytes = 64 * 1024;

    public static async Task<Answer> AnswerAsync(Log log, HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) return List(log);
        if (!HttpMethods.IsPost(request.Method)) return Answer.Refusal(405, "Faults are listed by GET and changed by POST.");
        if (request.ContentLength > MaxBytes) return Answer.Refusal(413, $"A list of faults has at most {MaxBytes} bytes.");

        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        string body = await reader.ReadToEndAsync(request.HttpContext.RequestAborted);
        if (LinesOf(body) is not { } lines) return Answer.Refusal(400, "The body is neither text nor a JSON list of strings.");

        List<Fault> added = [];
        HashSet<string> ended = new(StringComparer.Ordinal);
        bool cleared = false;
        foreach (string line in lines)
        {
            if (line == "clear")
            {
                cleared = true;
                added.Clear();
            }
            else if (line.StartsWith('-'))
            {
                if (!Fault.Names.Contains(line[1..]))
                    return Answer.Refusal(400, $"there is no fault \"{line[1..]}\"; there are: {string.Join(", ", Fault.Names)}");
                ended.Add(line[1..]);
                added.RemoveAll(fault => fault.Name == line[1..]);
            }
            else if (Fault.TryParse(line, out Fault? fault, out string? problem)) added.Add(fault);
            else return Answer.Refusal(400, problem);
        }
        log.ChangeFaults(active =>
        [
            .. active.Where(fault => !cleared && !ended.Contains(fault.Fault.Name)),
            .. added.Select(fault => fault.Begin(log)),
        ]);
        return List(log);
    }

    private static Answer List(Log log) => Answer.Json(new JsonArray([.. log.Faults.Active.Select(fault => (JsonNode)new JsonObject
    {
        ["fault"] = fault.Fault.ToString(),
        ["answers"] = fault.Answers,
        ["left"] = fault.Left,
    })]));

    private static IEnumerable<string>? LinesOf(string body)
    {
        if (!body.TrimStart().StartsWith('['))
            return body.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        try
        {
            return JsonSerializer.Deserialize<string?[]>(body)?.Select(line => line?.Trim() ?? "");
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
