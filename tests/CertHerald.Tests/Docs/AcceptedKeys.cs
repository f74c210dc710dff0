using System.Collections;
using System.Text.Json.Nodes;
using CertHerald.Configuring;

namespace CertHerald.Tests.Docs;

/// <summary>
/// The keys that the configuration takes, found by asking it: an unknown key is answered with the known ones, and what is not
/// available yet or is a section says so when it is set.
/// </summary>
internal static class AcceptedKeys
{
    // As far from every key as a text can be: "did you mean" then lists them all.
    private static readonly string Unknown = new('0', 60);

    /// <summary>Every key that holds a value: <c>logs.custom[].url</c>.</summary>
    public static IEnumerable<string> All() => Below("", node => node);

    /// <param name="wrap">Puts what stands at the path into a whole configuration.</param>
    private static IEnumerable<string> Below(string path, Func<JsonNode, JsonNode> wrap)
    {
        string known = MistakesIn(wrap(new JsonObject { [Unknown] = true })).Single(mistake => mistake.Contains(Unknown, StringComparison.Ordinal));
        foreach (string key in known[(known.IndexOf("known here: ", StringComparison.Ordinal) + "known here: ".Length)..].Split(", "))
        {
            string full = path + key;
            string[] answers = [.. MistakesIn(wrap(new JsonObject { [key] = true })).Where(mistake => mistake.Contains($"{key}: is ", StringComparison.Ordinal))];
            IEnumerable<string> found =
                answers.Any(answer => answer.Contains("is not available", StringComparison.Ordinal)) ? []
                : answers.Any(answer => answer.Contains("is no section", StringComparison.Ordinal)) ? Below($"{full}.", node => wrap(new JsonObject { [key] = node }))
                : answers.Any(answer => answer.Contains("is no list of sections", StringComparison.Ordinal)) ? Below($"{full}[].", node => wrap(new JsonObject { [key] = new JsonArray(node) }))
                : [full];
            foreach (string one in found) yield return one;
        }
    }

    private static IReadOnlyList<string> MistakesIn(JsonNode configuration)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, configuration.ToJsonString());
            Configuration.Read(file, new CommandLineOverrides(), new Hashtable());
            return [];
        }
        catch (ConfigurationException mistakes)
        {
            return [.. mistakes.Mistakes.Select(mistake => mistake.ToString())];
        }
        finally
        {
            File.Delete(file);
        }
    }
}
