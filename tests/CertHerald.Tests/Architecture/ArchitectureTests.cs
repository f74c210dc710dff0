using System.Text.RegularExpressions;

namespace CertHerald.Tests.Architecture;

/// <summary>What the code must not do, as architecture.md says it.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly IReadOnlyList<SourceFile> Program = SourceFile.All("src/CertHerald");

    [Fact]
    public void No_folder_uses_one_that_stands_before_it_in_the_flow() => Assert.Empty(
        from file in Program
        where file.Folder.Length > 0
        from used in file.UsedFolders
        where IndexOf(used) < IndexOf(file.Folder)
        select $"{file.Path} uses {used}");

    [Fact]
    public void A_use_is_seen_however_it_is_written()
    {
        Assert.Equal(["Storage"], new SourceFile("src/CertHerald/WebConsole/X.cs", "namespace CertHerald.WebConsole;\nusing CertHerald.Storage.Sqlite;").UsedFolders);
        Assert.Equal(["Storage", "Cli"], new SourceFile("src/CertHerald/WebConsole/X.razor", "@inject Storage.IStore Store\n@(Cli.JsonStyle.Plain)").UsedFolders);
        Assert.Empty(new SourceFile("src/CertHerald/Following/X.cs", "FollowState.Following.ToString(); store.Storage.X()").UsedFolders);
        Assert.Contains("Storage", Program.Single(file => file.Path.EndsWith("/LogFollower.cs", StringComparison.Ordinal)).UsedFolders);
        Assert.Equal("WebConsole", new SourceFile("src/CertHerald/WebConsole/X.razor", "").Folder);
    }

    [Fact]
    public void Every_folder_of_the_program_has_its_place_in_the_flow() =>
        Assert.Empty(Program.Select(file => file.Folder).Where(folder => folder.Length > 0).Distinct().Except(SourceFile.Flow));

    [Fact]
    public void Namespaces_follow_folders() => Assert.Empty(
        from file in Program.Concat(SourceFile.All("src/CertHerald.Names")).Concat(SourceFile.All("src/CertHerald.Transparency")).Concat(SourceFile.All("src/CertHerald.TestLog"))
        let named = Namespace().Match(file.Text)
        where named.Success && named.Groups[1].Value != string.Join('.', file.Path.Split('/')[1..^1])
        select $"{file.Path} is in {named.Groups[1].Value}");

    [Theory]
    [InlineData("WebConsole", "Storage")]
    [InlineData("Dialects", "Following")]
    [InlineData("Api", "Fetching")]
    [InlineData("Delivering", "Dialects")]
    [InlineData("Storage", "Delivering")]
    [InlineData("Deciding", "Storage")]
    [InlineData("Inspecting", "Storage")]
    [InlineData("Fetching", "Storage")]
    public void A_folder_never_reaches(string folder, string never) => Assert.Empty(
        from file in Program
        where file.Folder == folder && file.UsedFolders.Contains(never)
        select $"{file.Path} uses {never}");

    [Theory]
    [InlineData("SQL outside Storage", @"\b(INSERT INTO|SELECT .* FROM|DELETE FROM)\b|Microsoft\.Data\.Sqlite", "Storage")]
    [InlineData("features that read the configuration", @"CertHerald\.Configuring\b", "Cli Configuring")]
    [InlineData("the test log outside Cli", @"CertHerald\.TestLog\b", "Cli")]
    [InlineData("a dialect by name outside its folder", @"CertSpotterDialect|""certspotter""", "Dialects Configuring Cli")]
    [InlineData("HTTP clients outside those who call", @"new (HttpClient|SocketsHttpHandler)\b", "Fetching Delivering Cli")]
    [InlineData("handlers that connect past the guard", @"new HttpClientHandler\b|new HttpClient\(\)|\bWebRequest\b|\bHttpClient\.DefaultProxy\b|QuicConnection", "")]
    // A socket of this machine, by which systemd is told, leads nowhere.
    [InlineData("sockets and name servers outside the guard", @"new (Socket(?!\(AddressFamily\.Unix)|TcpClient|UdpClient)\b|\bDns\.Get|\bSmtpClient\b", "Delivering Resolving")]
    [InlineData("positions written outside Following", @"(?<!_transaction!)\.(CommitAsync|SplitLaneAsync|JoinLaneAsync|AbsorbLaneAsync|BeginLogAsync|KeepHeadAsync)\(", "Following")]
    public void What_belongs_to_one_place_is_nowhere_else(string what, string pattern, string allowed) => Assert.True(
        !(from file in Program
          where file.Folder.Length > 0 && !allowed.Split(' ').Contains(file.Folder) && Regex.IsMatch(WithoutComments(file.Text), pattern)
          select file.Path).Any(),
        $"{what}: {string.Join(", ", from file in Program where file.Folder.Length > 0 && !allowed.Split(' ').Contains(file.Folder) && Regex.IsMatch(WithoutComments(file.Text), pattern) select file.Path)}");

    [Fact]
    public void Rule_9_7_a_handler_is_made_in_three_places_and_used_through_the_guard()
    {
        // LocalAccess speaks to our own service, at the address that this user's service wrote down.
        Assert.Equal(
            ["src/CertHerald/Cli/LocalAccess.cs", "src/CertHerald/Delivering/OutboundGuard.cs", "src/CertHerald/Fetching/LogHttp.cs"],
            from file in Program where Regex.IsMatch(WithoutComments(file.Text), @"SocketsHttpHandler(\(\)|\s*\{|\s+CreateHandler\((WebhookTls\? tls)?\) => new)") select file.Path);
        Assert.Empty(
            from file in Program
            from line in WithoutComments(file.Text).Split('\n')
            where line.Contains("CreateHandler(", StringComparison.Ordinal) || line.Contains("guard.CreateHandler", StringComparison.Ordinal)
            where !line.Contains("public ", StringComparison.Ordinal) && !line.Contains(".Through(", StringComparison.Ordinal)
            where !file.Path.EndsWith("/WebhookClients.cs", StringComparison.Ordinal)
            select $"{file.Path}: {line.Trim()}");
    }

    [Theory]
    [InlineData("CertHerald.Names")]
    [InlineData("CertHerald.Transparency")]
    public void A_library_does_no_io_has_no_clock_and_no_packages(string library)
    {
        string folder = Path.Combine(SourceFile.Root, "src", library);
        string banned = File.ReadAllText(Directory.GetFiles(folder, "BannedSymbols.txt").Concat(Directory.GetFiles(Path.Combine(SourceFile.Root, "src"), "BannedSymbols.txt")).First());
        Assert.All(["System.IO", "System.Net.Http", "System.Net.Sockets", "System.Net.Dns", "System.DateTime.UtcNow"], symbol => Assert.Contains(symbol, banned, StringComparison.Ordinal));

        string project = File.ReadAllText(Path.Combine(folder, library + ".csproj"));
        Assert.DoesNotContain("ProjectReference", project, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"PackageReference Include=""(?!Microsoft\.CodeAnalysis\.BannedApiAnalyzers)", project);
        Assert.DoesNotContain(SourceFile.All($"src/{library}"), file => Regex.IsMatch(WithoutComments(file.Text), @"\busing System\.(IO|Net\.Http|Net\.Sockets)\b|\bILogger\b"));
    }

    [Fact]
    public void No_file_is_longer_than_five_hundred_lines_but_tables() => Assert.Empty(
        from file in SourceFile.All("src").Concat(SourceFile.All("tests")).Concat(SourceFile.All("bench"))
        where file.Lines > 500 && !file.Path.EndsWith("Table.cs", StringComparison.Ordinal)
        select $"{file.Path}: {file.Lines} lines");

    [Fact]
    public void The_solution_holds_every_project()
    {
        string solution = File.ReadAllText(Path.Combine(SourceFile.Root, "CertHerald.slnx"));
        string[] projects =
        [
            .. from folder in (string[])["src", "tests", "bench"]
                from path in Directory.EnumerateFiles(Path.Combine(SourceFile.Root, folder), "*.csproj", SearchOption.AllDirectories)
                select Path.GetRelativePath(SourceFile.Root, path).Replace('\\', '/'),
        ];
        Assert.NotEmpty(projects);
        Assert.All(projects, project => Assert.Contains($"\"{project}\"", solution, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("certherald_log_position")]
    [InlineData("certherald_log_tree_size")]
    [InlineData("certherald_log_verified_size")]
    [InlineData("certherald_log_head_age_seconds")]
    [InlineData("certherald_entries_total")]
    [InlineData("certherald_malformed_entries_total")]
    [InlineData("certherald_log_requests_total")]
    [InlineData("certherald_matches_total")]
    [InlineData("certherald_deliveries_total")]
    [InlineData("certherald_delivery_duration_seconds")]
    [InlineData("certherald_oldest_due_delivery_seconds")]
    [InlineData("certherald_alert_latency_seconds")]
    [InlineData("certherald_store_commit_seconds")]
    public void A_promised_metric_is_named_in_exactly_one_place(string metric) =>
        Assert.Single(Program.Where(file => file.Folder.Length > 0).SelectMany(file => Regex.Matches(file.Text, $"\"{metric}\"")));

    [Fact]
    public void Everything_is_caught_only_where_a_loop_or_a_request_ends() => Assert.Empty(
        from file in Program
        where file.Folder is "Following" or "Delivering" or "Storage" or "Fetching" or "Deciding"
        where Regex.IsMatch(file.Text, @"catch \(Exception( \w+)?\)\s*\{") && Path.GetFileName(file.Path) is not ("LogFleet.cs" or "DeliveryLoop.cs" or "DeliveryLoop.Attempts.cs" or "DeliveryLoop.Records.cs" or "SqliteWriter.cs")
        select file.Path);

    [Fact]
    public void Tests_never_sleep()
    {
        // Waiting for ever, until cancelled, is no sleep.
        Assert.Empty(
            from file in SourceFile.All("tests")
            where file.Folder != "Doubles" && file.Folder != "Architecture"
            where Regex.IsMatch(WithoutComments(file.Text), @"\bThread\.Sleep\(|\bTask\.Delay\((?!Timeout\.Infinite)")
            select file.Path);
    }

    [Fact]
    public void No_code_has_regions_or_unnumbered_todos() => Assert.Empty(
        from file in SourceFile.All("src").Concat(SourceFile.All("tests")).Concat(SourceFile.All("bench"))
        where file.Folder != "Architecture" && Regex.IsMatch(file.Text, @"^\s*#region|\bTODO\b(?! ?\(?#\d)", RegexOptions.Multiline)
        select file.Path);

    private static int IndexOf(string folder) => SourceFile.Flow.TakeWhile(one => one != folder).Count();

    private static string WithoutComments(string text) => Comment().Replace(text, "");

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
