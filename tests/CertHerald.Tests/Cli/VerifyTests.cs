using System.Text;
using CertHerald.Cli;
using CertHerald.Inspecting;
using CertHerald.TestLog;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Inspecting;
using LogProtocol = CertHerald.Transparency.LogLists.LogProtocol;

namespace CertHerald.Tests.Cli;

/// <summary><c>certherald verify</c>, as users run it.</summary>
[Collection(ProgramTests.Name)]
public sealed class VerifyTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task It_says_in_one_sentence_what_evidence_proves()
    {
        Evidence evidence = await Exhibit.OfAsync(LogProtocol.Rfc6962, isPrecertificate: true);
        byte[] document = EvidenceJson.Write(evidence);
        string file = _scratch.Write("evidence.json", document);

        string said = Assert.Single((await Certherald.RunAsync("verify", file, "--data", _scratch.PathOf("none"))).With(0).Lines);
        Ended piped = (await Certherald.RunAsync(["verify", "-", "--json", "--data", _scratch.PathOf("none")], document)).With(0);

        Assert.StartsWith($"A log that this command does not know (id {evidence.Log.Id}, 'a log' by the file's own word, signed by the key in the file; check it with --log-list) signed on 2", said, StringComparison.Ordinal);
        Assert.EndsWith("a tree of 27 entries that contains, at index 21, a precertificate for shop.example.com, www.example.com issued by CN=CertHerald Test CA Intermediate, O=CertHerald Test CA.", said, StringComparison.Ordinal);
        Assert.True(piped.Objects[0].GetProperty("proven").GetBoolean());
        Assert.False(piped.Objects[0].GetProperty("log_known").GetBoolean());
        Assert.Equal(said, piped.Objects[0].GetProperty("sentence").GetString());
    }

    [Fact]
    public async Task A_list_says_whose_key_it_is_and_a_log_that_is_not_in_it_is_refused()
    {
        using var log = new Log();
        await using LogServer server = await LogServer.StartAsync(log, cancellation: TestContext.Current.CancellationToken);
        string list = _scratch.Write("list.json", server.LogList()), file = _scratch.Write("evidence.json", EvidenceJson.Write(await Exhibit.OfAsync(LogProtocol.StaticCt, false)));

        Ended refused = (await Certherald.RunAsync("verify", file, "--log-list", list)).With(1);

        Assert.Contains("is not in", refused.Errors, StringComparison.Ordinal);
        Assert.Empty(refused.Output);
    }

    [Fact]
    public async Task What_was_changed_is_no_evidence_or_is_not_there_fails_with_its_reason()
    {
        byte[] document = EvidenceJson.Write(await Exhibit.OfAsync(LogProtocol.StaticCt, true));
        document[document.Length / 2] ^= 1;
        string changed = _scratch.Write("changed.json", document), none = _scratch.Write("none.json", "{}");

        Assert.StartsWith("It proves nothing: ", (await Certherald.RunAsync("verify", changed)).With(1).Errors, StringComparison.Ordinal);
        Assert.Contains("it is no evidence", (await Certherald.RunAsync("verify", none)).With(1).Errors, StringComparison.Ordinal);
        Assert.Contains("cannot be read", (await Certherald.RunAsync("verify", _scratch.PathOf("missing"))).With(1).Errors, StringComparison.Ordinal);
        Assert.False((await Certherald.RunAsync("verify", none, "--json")).With(1).Objects[0].GetProperty("proven").GetBoolean());
        (await Certherald.RunAsync("verify")).With(2);
    }

    [Fact]
    public async Task Hostile_text_is_shown_so_that_it_does_nothing_to_a_terminal()
    {
        Evidence evidence = await Exhibit.OfAsync(LogProtocol.Rfc6962, isPrecertificate: false);
        Evidence hostile = evidence with { Log = evidence.Log with { Description = "a log\u001b[2J\u202e" } };
        Assert.True(EvidenceJson.TryRead(EvidenceJson.Write(hostile), out Evidence? read, out string? problem), problem);
        Assert.Null(EvidenceCheck.Refusal(read));

        string said = VerifyCommand.Sentence(read, log: null);

        Assert.DoesNotContain(said, character => char.IsControl(character) || character == '\u202e');
        Assert.Contains(@"a log\u{001B}[2J\u{202E}", said, StringComparison.Ordinal);
    }
}
