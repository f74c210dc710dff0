using CertHerald.Cli;
using CertHerald.Delivering;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Cli;

public sealed class DataCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-data-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static NameList Suffixes => NameData.All[0];

    private string Data => Path.Combine(_folder, "data");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_published_lists_are_taken_from_files_and_URLs_and_shown_with_their_versions()
    {
        await using Receiver server = Receiver.Start();
        server.Default = Receiver.Answer(200, SharedData.Text("unicode", "confusables.txt"));
        Assert.All(Show(), line => Assert.Contains("is not there: certherald data refresh --", line, StringComparison.Ordinal));

        await RefreshAsync(
            (Suffixes, SharedData.PathOf("psl", "public_suffix_list.dat")), (NameData.All[1], server.Url.ToString()),
            (NameData.All[2], SharedData.PathOf("unicode", "IdnaMappingTable.txt")));

        Assert.Equal(SharedData.Bytes("psl", "public_suffix_list.dat"), await File.ReadAllBytesAsync(Suffixes.PathIn(Data), Cancellation));
        Assert.Equal(3, Directory.GetFiles(Data).Length);
        string[] shown = Show();
        Assert.Contains("without version; 6,", shown[0], StringComparison.Ordinal);
        Assert.Contains("sha256 ", shown[0], StringComparison.Ordinal);
        Assert.Contains("17.0.0; 6,", shown[1], StringComparison.Ordinal);
        Assert.Contains("17.0.0; 9,", shown[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_source_that_is_another_list_leaves_every_list_as_it_was()
    {
        string suffixes = Save("list.dat", "// VERSION: 1\n" + string.Join('\n', Enumerable.Range(0, 2_000).Select(i => Some.Numbered("n", i))) + "\n// ===BEGIN PRIVATE DOMAINS===\ngithub.io\n");
        await RefreshAsync((Suffixes, suffixes));
        byte[] before = await File.ReadAllBytesAsync(Suffixes.PathIn(Data), Cancellation);
        string newer = Save("newer.dat", (await File.ReadAllTextAsync(suffixes, Cancellation)).Replace("VERSION: 1", "VERSION: 2", StringComparison.Ordinal));

        CommandFailedException failure = await Assert.ThrowsAsync<CommandFailedException>(() => RefreshAsync((Suffixes, newer), (NameData.All[1], newer)));

        Assert.Contains("newer.dat is not confusables.txt: line 1 names no code point", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(Suffixes.PathIn(Data), Cancellation));
        Assert.StartsWith("public_suffix_list.dat  1; 2,000 rules of registries, 1 private; sha256 ", Show()[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "<html>\n<p>moved</p>", "rules of registries")]
    [InlineData(0, "com\nnet", "2 rules of registries and 0 private ones")]
    [InlineData(1, "# IdnaMappingTable.txt\n# Version: 17.0.0\n0041 ; mapped ; 0061", "it calls itself IdnaMappingTable.txt")]
    [InlineData(1, "# confusables.txt\n# Version: 17.0.0\n05AD ; 0596 ; MA", "it is cut")]
    [InlineData(2, "", "it has no row")]
    public async Task What_is_not_the_whole_list_is_refused(int list, string content, string said)
    {
        CommandFailedException failure = await Assert.ThrowsAsync<CommandFailedException>(() => RefreshAsync((NameData.All[list], Save("file", content))));

        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public void A_list_that_was_broken_on_disk_is_said_to_be()
    {
        Directory.CreateDirectory(Data);
        File.WriteAllText(Suffixes.PathIn(Data), "a..b");

        Assert.Contains("cannot be used: line 1 is no rule", Show()[0], StringComparison.Ordinal);
    }

    private string Save(string name, string content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    private Task RefreshAsync(params (NameList, string)[] wanted) => DataCommand.RefreshAsync(wanted, Data, new OutboundOptions(), TextWriter.Null, Cancellation);

    private string[] Show()
    {
        using var output = new StringWriter();
        DataCommand.Show(Data, output);
        return output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }
}
