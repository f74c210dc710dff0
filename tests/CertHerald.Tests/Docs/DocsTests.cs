using System.Collections;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CertHerald.Configuring;
using CertHerald.Tests.Delivering;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Docs;

/// <summary>What documents say that can be compared with the code.</summary>
public sealed partial class DocsTests
{
    private const string Schema = "src/CertHerald/Configuring/certherald.schema.json";
    private static readonly JsonDocumentOptions WithComments = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    [Fact]
    public void The_operating_document_names_every_metric_and_no_other()
    {
        IEnumerable<string> measured =
            from file in Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            from Match name in MetricInCode().Matches(File.ReadAllText(file))
            select name.Groups[1].Value;
        IEnumerable<string> documented = MetricInText().Matches(Repository.Text("docs/operating.md")).Select(name => name.Value);

        Assert.Equal(measured.Distinct().Order(StringComparer.Ordinal), documented.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_configuration_document_has_a_row_for_every_key_and_no_other() => Assert.Equal(
        AcceptedKeys.All().Order(StringComparer.Ordinal),
        RowOfKey().Matches(Repository.Text("docs/configuration.md")).Select(row => row.Groups[1].Value).Order(StringComparer.Ordinal));

    [Fact]
    public void The_schema_has_every_key_and_no_other() => Assert.Equal(
        AcceptedKeys.All().Order(StringComparer.Ordinal), SchemaKeys(SchemaRoot(), "").Order(StringComparer.Ordinal));

    [Fact]
    public void The_schema_takes_no_unknown_key_and_explains_every_one()
    {
        foreach (JsonObject part in Objects(SchemaRoot()).Where(part => part["properties"] is JsonObject))
        {
            Assert.False(part["additionalProperties"]!.GetValue<bool>(), part.GetPath());
            foreach ((string key, JsonNode? property) in part["properties"]!.AsObject())
                Assert.True(property!["description"] is not null, $"{part.GetPath()}: {key}");
        }
    }

    [Fact]
    public void A_configuration_of_the_schemas_defaults_means_the_same_as_none()
    {
        JsonObject values = Defaults(SchemaRoot());
        Assert.True(values.ContainsKey("listen") && values["outbound"]!["ports"] is JsonArray);

        Assert.Equal(Shown(Read("{}")), Shown(Read(values.ToJsonString())));
    }

    [Fact]
    public void Links_between_documents_lead_somewhere()
    {
        var broken = new List<string>();
        foreach (string document in Repository.Documents)
            foreach (Match link in Link().Matches(WithoutCode(Repository.Text(document))))
            {
                string[] target = link.Groups[1].Value.Split('#');
                if (target[0].Contains(':', StringComparison.Ordinal)) continue;
                string path = target[0].Length == 0
                    ? Path.Combine(Repository.Root, document)
                    : Path.Combine(Repository.Root, Path.GetDirectoryName(document)!, target[0]);
                bool leads = target.Length == 1 ? Path.Exists(path) : File.Exists(path) && Anchors(File.ReadAllText(path)).Contains(target[1]);
                if (!leads) broken.Add($"{document}: {link.Groups[1].Value}");
            }

        Assert.Empty(broken);
    }

    [Fact]
    public void Json_in_documents_is_json()
    {
        (string Document, string Text)[] blocks = [.. from document in Repository.Documents from text in JsonBlocks(document) select (document, text)];
        Assert.NotEmpty(blocks);
        foreach ((string document, string text) in blocks)
        {
            JsonException? failure = null;
            try
            {
                using JsonDocument parsed = JsonDocument.Parse(text, WithComments);
            }
            catch (JsonException caught)
            {
                failure = caught;
            }
            Assert.True(failure is null, $"{document}: {failure?.Message}\n{text}");
        }
    }

    [Fact]
    public void The_full_example_uses_every_key_and_is_accepted()
    {
        string folder = Directory.CreateTempSubdirectory("certherald-docs-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "known"));
            File.WriteAllText(Path.Combine(folder, "watchlist"), "shop.example.org  # the shop\n");
            File.WriteAllText(Path.Combine(folder, "siem-url"), "https://certherald:secret@siem.example.com/ct\n");
            File.WriteAllText(Path.Combine(folder, "pager-secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
            File.WriteAllText(Path.Combine(folder, "pager-key"), "a key\n");
            File.WriteAllText(Path.Combine(folder, "app-secret"), "0123456789abcdef0123456789abcdef\n");
            File.WriteAllText(Path.Combine(folder, "oidc-secret"), "a secret\n");
            using (X509Certificate2 certificate = MadeCertificate.For("certherald"))
            {
                File.WriteAllText(Path.Combine(folder, "client.pem"), certificate.ExportCertificatePem());
                File.WriteAllText(Path.Combine(folder, "client.key"), WebhookTlsTests.KeyOf(certificate));
                File.WriteAllText(Path.Combine(folder, "ca.pem"), certificate.ExportCertificatePem());
            }
            File.WriteAllText(Path.Combine(folder, "smtp-password"), "a password\n");
            File.WriteAllText(Path.Combine(folder, "dead-man-url"), "https://watcher.example.com/a-token\n");
            string example = JsonBlocks("docs/configuration.md").MaxBy(block => block.Length)!;
            string text = example.Replace("/etc/certherald", folder, StringComparison.Ordinal);

            CertHeraldOptions options = Read(text);
            Assert.Equal("https://siem.example.com/ct", Assert.Single(options.Webhooks, hook => hook.Name == "siem").Url.AbsoluteUri);
            Assert.Empty(options.Warnings);
            Assert.Equal(AcceptedKeys.All().Order(StringComparer.Ordinal), KeysIn(JsonNode.Parse(text, documentOptions: WithComments)!, "").Distinct().Order(StringComparer.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_test_script_installs_every_program_that_tests_look_for()
    {
        // They come with the SDK, and with every Debian.
        string[] there = ["dotnet", "dpkg", "dpkg-deb", "useradd", "stat", "chown"];
        IEnumerable<string> sought =
            from file in Directory.GetFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            from Match name in SoughtProgram().Matches(File.ReadAllText(file))
            select name.Groups[1].Value;
        string[] installed = [.. NeededProgram().Matches(Repository.Text("test")).Select(name => name.Groups[1].Value)];
        Assert.NotEmpty(installed);

        Assert.Empty(sought.Distinct().Except(there).Except(installed));
    }

    private static CertHeraldOptions Read(string json)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, json);
            return Configuration.Read(file, new CommandLineOverrides(), new Hashtable());
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static JsonNode SchemaRoot() => JsonNode.Parse(Repository.Text(Schema))!;

    /// <summary>Keys that hold values: what is a section or a list of them is gone into.</summary>
    private static IEnumerable<string> SchemaKeys(JsonNode schema, string path)
    {
        foreach ((string key, JsonNode? property) in schema["properties"]!.AsObject())
        {
            if (path.Length == 0 && key == "$schema") continue;
            IEnumerable<string> found =
                property!["properties"] is not null ? SchemaKeys(property, $"{path}{key}.")
                : property["items"]?["properties"] is not null ? SchemaKeys(property["items"]!, $"{path}{key}[].")
                : [path + key];
            foreach (string one in found) yield return one;
        }
    }

    private static IEnumerable<string> KeysIn(JsonNode values, string path)
    {
        foreach ((string key, JsonNode? value) in values.AsObject())
        {
            if (key == "$schema") continue;
            IEnumerable<string> found = value switch
            {
                // Its names are the user's.
                JsonObject when path + key is not ("webhooks[].headers" or "known.authorized_cas") => KeysIn(value, $"{path}{key}."),
                JsonArray list when list.All(item => item is JsonObject) => list.SelectMany(item => KeysIn(item!, $"{path}{key}[].")),
                _ => [path + key],
            };
            foreach (string one in found) yield return one;
        }
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject one => [one, .. one.SelectMany(pair => Objects(pair.Value))],
        JsonArray list => list.SelectMany(Objects),
        _ => [],
    };

    private static JsonObject Defaults(JsonNode schema)
    {
        var values = new JsonObject();
        foreach ((string key, JsonNode? property) in schema["properties"]!.AsObject())
            if (property!["default"] is { } value) values[key] = value.DeepClone();
            // One that needs a key is not there by default.
            else if (property["properties"] is not null && property["required"] is null) values[key] = Defaults(property);
        return values;
    }

    /// <summary>What can be compared of options: records hold lists, which compare by reference.</summary>
    private static string Shown(CertHeraldOptions options) => string.Join('\n',
        options.Listen, options.PublicUrl, options.Data, options.Store, string.Join(' ', options.Logs.Lists.Select(list => $"{list.Location} {list.SignedBy?.Name}")), string.Join(' ', options.Logs.States),
        options.Logs.Custom.Count, options.Logs.Start, options.Logs.Contact, options.Watch.Count, options.Webhooks.Count,
        options.Outbound.AllowPrivateNetworks, string.Join(' ', options.Outbound.Allow), string.Join(' ', options.Outbound.Ports));

    private static IEnumerable<string> JsonBlocks(string document) =>
        JsonBlock().Matches(Repository.Text(document)).Select(block => block.Groups[1].Value);

    /// <summary>Without what stands in fences and backticks: examples are no links.</summary>
    private static string WithoutCode(string text) => Inline().Replace(Fence().Replace(text, ""), "");

    /// <summary>The fragments that headings can be linked by: letters, digits, hyphens.</summary>
    private static HashSet<string> Anchors(string text)
    {
        var anchors = new HashSet<string>(StringComparer.Ordinal);
        foreach (Match heading in Heading().Matches(Fence().Replace(text, "")))
        {
            var anchor = new StringBuilder();
            foreach (char c in heading.Groups[1].Value.Trim().ToLower(CultureInfo.InvariantCulture))
                if (c == ' ') anchor.Append('-');
                else if (char.IsLetterOrDigit(c) || c is '-' or '_') anchor.Append(c);
            anchors.Add(anchor.ToString());
        }
        return anchors;
    }

    [GeneratedRegex("\"(certherald_[a-z_]+)\"")]
    private static partial Regex MetricInCode();

    [GeneratedRegex("certherald_[a-z_]+")]
    private static partial Regex MetricInText();

    [GeneratedRegex("Tool\\.Find\\(\"([^\"]+)\"\\)")]
    private static partial Regex SoughtProgram();

    [GeneratedRegex(@"^need (\S+) ", RegexOptions.Multiline)]
    private static partial Regex NeededProgram();

    // A row of four cells: key, type, default, meaning.
    [GeneratedRegex(@"^\| `([a-z0-9_]+(?:\[\])?(?:\.[a-z0-9_]+(?:\[\])?)*)` (?:\|[^|\n]*){3}\|$", RegexOptions.Multiline)]
    private static partial Regex RowOfKey();

    [GeneratedRegex(@"\[[^\]]+\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^```jsonc?\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex JsonBlock();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("`[^`\n]*`")]
    private static partial Regex Inline();

    [GeneratedRegex("^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
