using System.Globalization;
using System.Text.RegularExpressions;
using CertHerald.Access;
using CertHerald.Tests.Dialects.CertSpotter.Api;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.WebConsole;

namespace CertHerald.Tests.Docs;

/// <summary>What docs/certspotter-api.md shows, run as it stands there.</summary>
public sealed partial class CertSpotterProgramsTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task The_node_program_reads_every_page_and_goes_on_where_it_stopped()
    {
        string node = Tool.Find("node"), program = _scratch.Write("poll.mjs", BlocksOf("js").Single());
        await using ConsoleRig rig = await SearchRig.StartAsync();
        string[] names = [.. Enumerable.Range(0, 230).Select(i => string.Create(CultureInfo.InvariantCulture, $"n{i:000}.example.com"))];
        await rig.FindAsync(names);
        string key = await rig.KeyAsync(Scope.Read);

        string[] first = await RunAsync();
        Assert.Equal(names, first[..^1].Select(line => line.Split(' ')[^1]));
        Assert.Equal(first[^2].Split(' ')[0], first[^1].Split(' ')[1]);

        await rig.FindAsync("later.example.com");
        string[] second = await RunAsync(first[^1].Split(' ')[1]);
        Assert.EndsWith(" 2027-02-18T23:59:59Z later.example.com", Assert.Single(second[..^1]), StringComparison.Ordinal);

        async Task<string[]> RunAsync(params string[] after)
        {
            Ended ended = await Tool.RunAsync(node, _scratch.Folder, [program, rig.Address.ToString().TrimEnd('/'), key, "example.com", .. after]);
            return ended.With(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }

    [Fact]
    public async Task The_commands_for_curl_are_answered_as_the_text_says()
    {
        string curl = Tool.Find("curl");
        await using ConsoleRig rig = await SearchRig.StartAsync();
        await rig.FindAsync("example.com", "www.example.com");
        string key = await rig.KeyAsync(Scope.Read, Scope.Watch);

        var answers = new List<string>();
        foreach (Match command in CurlCommand().Matches(string.Concat(BlocksOf("sh"))))
        {
            string text = command.Groups[1].Value.Replace("http://127.0.0.1:8470/", rig.Address.ToString(), StringComparison.Ordinal).Replace("$key", key, StringComparison.Ordinal);
            IEnumerable<string> arguments = Word().Matches(text).Select(word => word.Groups["text"].Value);
            answers.Add((await Tool.RunAsync(curl, _scratch.Folder, ["-w", " %{http_code}", .. arguments])).With(0).Output);
        }

        Assert.Equal(7, answers.Count);
        Assert.StartsWith("[{\"id\":\"1\",\"tbs_sha256\":", answers[0], StringComparison.Ordinal);
        Assert.Equal(answers[0], answers[1]);
        Assert.Contains("\"id\":\"2\"", answers[2], StringComparison.Ordinal);
        Assert.Equal("""{"name":".example.org","enabled":true} 200""", answers[3]);
        Assert.Contains("""{"name":".example.org","enabled":true}""", answers[4], StringComparison.Ordinal);
        Assert.Equal("""{"name":".example.org","enabled":false} 200""", answers[5]);
        Assert.Equal(" 204", answers[6]);
    }

    [Fact]
    public void Every_member_that_can_be_asked_for_is_in_the_table() => Assert.Equal(
        CertHerald.Dialects.CertSpotter.Expand.All.Select(one => one.Value),
        MemberRow().Matches(Repository.Text("docs/certspotter-api.md")).Select(row => row.Groups[1].Value).Distinct());

    private static IEnumerable<string> BlocksOf(string language) =>
        Block().Matches(Repository.Text("docs/certspotter-api.md")).Where(block => block.Groups[1].Value == language).Select(block => block.Groups[2].Value);

    [GeneratedRegex("```([a-z]+)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("^curl (.*)$", RegexOptions.Multiline)]
    private static partial Regex CurlCommand();

    [GeneratedRegex("""(?:"(?<text>[^"]*)"|'(?<text>[^']*)'|(?<text>[^ "']+))""")]
    private static partial Regex Word();

    [GeneratedRegex(@"^\| `[a-z_.0-9]+` \| `([a-z_.]+)` \|", RegexOptions.Multiline)]
    private static partial Regex MemberRow();
}
