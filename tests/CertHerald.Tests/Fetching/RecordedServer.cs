using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using CertHerald.Tests.Doubles;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;
using Microsoft.AspNetCore.Http;

namespace CertHerald.Tests.Fetching;

/// <summary>Google's C++ log server (data/google-ct-server) as recorded: slices its pages as it did.</summary>
internal sealed class RecordedServer
{
    private readonly JsonElement _expected = SharedData.Json("google-ct-server", "expected.json").RootElement;

    public int Size { get; set; } = 400;

    /// <summary>Entries 256 to 767.</summary>
    public List<JsonNode?> Entries { get; } =
    [
        .. new[] { "get-entries.256-511.json", "get-entries.512-767.json" }
            .SelectMany(page => JsonNode.Parse(SharedData.Text("google-ct-server", page))!["entries"]!.AsArray()),
    ];

    public static LogDescription Describe(Uri url)
    {
        Assert.True(LogKey.TryCreate(SharedData.Bytes("google-ct-server", "public_key.der"), out LogKey? key, out string? problem), problem);
        return LogDescription.Custom(key, LogProtocol.Rfc6962, url.AbsoluteUri, description: "recorded");
    }

    /// <summary>A minute after the newest head was signed: much later it is stale.</summary>
    public static DateTimeOffset Recorded =>
        DateTimeOffset.FromUnixTimeMilliseconds(SharedData.Json("google-ct-server", "get-sth.700.json").RootElement.GetProperty("timestamp").GetInt64()).AddMinutes(1);

    public string RootAt(int size) => _expected.GetProperty("roots").GetProperty($"{size}").GetString()!;

    public Frontier FrontierAt256()
    {
        Assert.True(MerkleHash.TryParseBase64(_expected.GetProperty("first_256_subtree").GetString(), out MerkleHash subtree));
        Assert.True(Frontier.TryCreate(new TreeSize(256), [subtree], out Frontier? frontier));
        return frontier;
    }

    public async Task AnswerAsync(HttpContext context)
    {
        string call = context.Request.Path.Value!.Replace("/ct/v1/", "", StringComparison.Ordinal);
        string? file = call switch
        {
            "get-sth" => $"get-sth.{Size}.json",
            "get-sth-consistency" => $"get-sth-consistency.{context.Request.Query["first"]}-{context.Request.Query["second"]}.json",
            _ => null,
        };

        context.Response.ContentType = "application/json; charset=utf-8";
        if (call == "get-entries")
        {
            int start = int.Parse(context.Request.Query["start"]!, CultureInfo.InvariantCulture), end = int.Parse(context.Request.Query["end"]!, CultureInfo.InvariantCulture);
            Assert.InRange(start, 256, end);
            Assert.InRange(end, start, Size - 1);
            var rows = new JsonArray([.. Entries.Skip(start - 256).Take(end - start + 1).Select(row => row!.DeepClone())]);
            await context.Response.WriteAsync(new JsonObject { ["entries"] = rows }.ToJsonString());
        }
        else if (file is not null && File.Exists(SharedData.PathOf("google-ct-server", file)))
        {
            await context.Response.SendFileAsync(SharedData.PathOf("google-ct-server", file));
        }
        else
        {
            context.Response.StatusCode = 404;
            context.Response.ContentType = "text/html";
            await context.Response.SendFileAsync(SharedData.PathOf("google-ct-server", "unsupported-endpoint-404.html"));
        }
    }
}
