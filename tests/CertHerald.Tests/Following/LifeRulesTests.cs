using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Storage;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Following;

/// <summary>Every row of ct.md 7.5, and K2: the real lists of half a year, one after the other.</summary>
public sealed class LifeRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 9, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly LogDescription Log = LogDescription.Custom(new SigningKey().Public, LogProtocol.Rfc6962, "https://log.ct.dev/");
    private static readonly FinalTreeHead Final = new(new TreeSize(7), MerkleHash.OfEmptyTree), OtherFinal = new(new TreeSize(8), MerkleHash.OfEmptyTree);
    private static readonly LifeRules Rules = new(new LogOptions());

    [Theory]
    // state, before, begun, at its end, at its final head; then
    [InlineData("pending", null, false, null, null, "Following")]
    [InlineData("qualified", null, false, null, null, "Following")]
    [InlineData("usable", null, false, null, null, "Following")]
    [InlineData("usable", "Following", true, true, null, "Following")]
    [InlineData("usable", "Stopped", true, null, null, "Following")]
    [InlineData("usable", "Delisted", true, null, null, "Following")]
    [InlineData("usable", "Finished", true, null, null, "Following")]
    [InlineData("readonly", null, false, null, null, "Following")]
    [InlineData("readonly", "Following", true, true, null, "Following")]
    [InlineData("readonly", "Following", true, true, false, "Following")]
    [InlineData("readonly", "Following", true, true, true, "Finished")]
    [InlineData("readonly", "Finished", true, null, null, "Finished")]
    [InlineData("readonly", "Finished", true, true, false, "Following")]
    [InlineData("readonly, without final head", "Following", true, true, null, "Following")]
    [InlineData("readonly, with another one", "Finished", true, null, null, "Following")]
    [InlineData("retired", null, false, null, null, null)]
    [InlineData("retired", "Following", false, null, null, "Stopped")]
    [InlineData("retired", "Following", true, null, null, "Following")]
    [InlineData("retired", "Following", true, false, null, "Following")]
    [InlineData("retired", "Following", true, true, null, "Finished")]
    [InlineData("retired", "Finished", true, null, null, "Finished")]
    [InlineData("retired", "Finished", true, false, null, "Following")]
    [InlineData("rejected", null, false, null, null, null)]
    [InlineData("rejected", "Following", true, false, null, "Stopped")]
    [InlineData("rejected", "Finished", true, null, null, "Stopped")]
    [InlineData("rejected", "Stopped", true, null, null, "Stopped")]
    [InlineData("none", null, false, null, null, null)]
    [InlineData("none", "Following", true, null, null, "Stopped")]
    public void Rule_7_5_a_log_that_a_list_names(string state, string? before, bool isBegun, bool? isAtEnd, bool? hasEnded, string? then)
    {
        LogDescription log = Said(state);
        LogLife? life = before is null ? null : new LogLife(log with { FinalTreeHead = Final }, ["list"], Enum.Parse<LogStage>(before));

        LogLife? next = Rules.Next(Log.Id, life, Lists(("list", [log])), new LogProgress(isBegun, isAtEnd, hasEnded), Now);

        Assert.Equal(then, next?.Stage.ToString());
    }

    [Theory]
    // before, silent, for days; then
    [InlineData("Following", null, null, "Delisted", false)]
    [InlineData("Following", false, null, "Delisted", false)]
    [InlineData("Following", true, null, "Delisted", false)]
    [InlineData("Delisted", true, 6.99, "Delisted", false)]
    [InlineData("Delisted", true, 7.0, "Finished", true)]
    [InlineData("Delisted", false, 30.0, "Delisted", false)]
    [InlineData("Delisted", null, 30.0, "Delisted", false)]
    [InlineData("Finished", null, 30.0, "Finished", false)]
    [InlineData("Finished", true, 30.0, "Finished", true)]
    [InlineData("Finished", false, 30.0, "Delisted", false)]
    [InlineData("Finished", true, null, "Finished", false)]
    [InlineData("Stopped", true, null, "Stopped", false)]
    public void Rule_7_5_a_log_that_no_list_names_any_more(string before, bool? isSilent, double? days, string then, bool hasRest)
    {
        var life = new LogLife(Log, ["list"], Enum.Parse<LogStage>(before), days is null ? null : Now - TimeSpan.FromDays(days.Value));

        LogLife next = Rules.Next(Log.Id, life, Lists(("list", [])), new LogProgress(true, IsSilent: isSilent, HasUnread: true), Now)!;

        Assert.Equal((then, hasRest), (next.Stage.ToString(), next.HasRest));
        if (next.Stage == LogStage.Delisted) Assert.Equal(isSilent == false ? null : life.SilentSince ?? (isSilent == true ? (DateTimeOffset?)Now : null), next.SilentSince);
    }

    [Fact]
    public void Rule_7_5_what_a_log_took_with_it_is_forgotten_when_it_was_read_after_all()
    {
        var gone = new LogLife(Log, ["list"], LogStage.Finished, Now.AddDays(-8), HasRest: true);

        Assert.True(Rules.Next(Log.Id, gone, Lists(("list", [])), new LogProgress(true, IsSilent: null, HasUnread: true), Now)!.HasRest);
        Assert.True(Rules.Next(Log.Id, gone, Lists(("list", [Said("usable")])), new LogProgress(true, HasUnread: true), Now)!.HasRest);
        Assert.False(Rules.Next(Log.Id, gone, Lists(("list", [Said("usable")])), new LogProgress(true, HasUnread: false), Now)!.HasRest);
        Assert.False(Rules.Next(Log.Id, gone, Lists(("list", [])), new LogProgress(true, IsSilent: false, HasUnread: false), Now)!.HasRest);
    }

    [Theory]
    [InlineData("rejected", "usable", "Following")]
    [InlineData("usable", "rejected", "Following")]
    [InlineData("retired", "readonly", "Following")]
    [InlineData("rejected", "retired", "Finished")]
    [InlineData("none", "rejected", "Stopped")]
    public void Rule_7_5_of_several_lists_the_one_counts_that_wants_most_of_the_log(string one, string other, string then)
    {
        LogDescription wanted = Said(other) with { Description = "the other's" };

        LogLife life = Rules.Next(Log.Id, new LogLife(Log, ["a"], LogStage.Following), Lists(("a", [Said(one)]), ("b", [wanted])), new LogProgress(true, true), Now)!;

        Assert.Equal(then, life.Stage.ToString());
        Assert.Equal(["a", "b"], life.Lists);
    }

    [Fact]
    public void A_list_that_could_not_be_read_yet_or_is_configured_no_more_delists_nothing()
    {
        var life = new LogLife(Log, ["a", "b"], LogStage.Following);
        var lives = (NamedLogs lists) => Rules.Next(Log.Id, life, lists, new LogProgress(true), Now)!.Stage;

        Assert.Equal(LogStage.Following, lives(new NamedLogs([("a", Read()), ("b", null)])));
        Assert.Equal(LogStage.Delisted, lives(Lists(("a", []), ("b", []))));
        Assert.Equal(LogStage.Delisted, lives(Lists(("a", []))));
        Assert.Equal(LogStage.Stopped, lives(Lists(("c", []))));
        Assert.Equal(LogStage.Stopped, lives(new NamedLogs([])));
    }

    [Fact]
    public void States_and_types_that_the_configuration_names_are_followed_whatever_the_table_says()
    {
        LogLife? Next(LogDescription log, params string[] states) =>
            new LifeRules(new LogOptions { States = states }).Next(Log.Id, null, Lists(("list", [log])), new LogProgress(false), Now);

        Assert.Equal(LogStage.Following, Next(Said("retired"), "retired")?.Stage);
        Assert.Equal(LogStage.Following, Next(Said("rejected"), "rejected")?.Stage);
        Assert.Equal(LogStage.Following, Next(Said("none") with { LogType = "test" }, "test")?.Stage);
        Assert.Null(Next(Said("none") with { LogType = "monitoring_only" }, "test"));
        Assert.Null(Next(Said("pending"), "usable"));
        Assert.Null(Next(Said("readonly"), "usable"));
    }

    [Fact]
    public void Rule_7_6_no_log_is_left_out_by_the_notAfter_of_what_it_takes()
    {
        LogDescription past = Said("usable") with { TemporalInterval = new TemporalInterval(Now.AddYears(-2), Now.AddYears(-1)) };

        Assert.Equal(LogStage.Following, Rules.Next(Log.Id, null, Lists(("list", [past])), new LogProgress(false), Now)?.Stage);
    }

    /// <summary>The counts were made apart from this program, with a script over the same lists.</summary>
    [Fact]
    public void K2_the_real_lists_replayed_begin_keep_and_stop_the_logs_that_they_did_and_lose_none()
    {
        (string File, string Version, int Begun, int Stopped, int Following, int StoppedInAll)[] months =
        [
            ("chrome_log_list_80.14", "80.14", 71, 0, 71, 0),
            ("history/chrome_all_logs_list_2026-02-27_v84.14", "84.14", 0, 17, 54, 17),
            ("history/chrome_all_logs_list_2026-04-21_v85.52", "85.52", 6, 0, 60, 17),
            ("history/chrome_all_logs_list_2026-05-28_v85.90", "85.90", 0, 0, 60, 17),
            ("history/chrome_all_logs_list_2026-08-20_v89.25", "89.25", 16, 14, 62, 31),
        ];
        var lives = new Dictionary<LogId, LogLife>();
        foreach ((string file, string version, int begun, int stopped, int following, int stoppedInAll) in months)
        {
            Assert.True(LogList.TryRead(SharedData.Bytes("loglist", $"{file}.json"), out LogList? list, out _));
            var named = new NamedLogs([("chrome", list)]);
            int nowBegun = 0, nowStopped = 0;
            foreach (LogId id in named.Ids.Union(lives.Keys).ToList())
            {
                LogLife? before = lives.GetValueOrDefault(id);
                LogLife? after = Rules.Next(id, before, named, new LogProgress(before is not null, IsAtEnd: false), Now);
                Assert.False(before is not null && after is null);
                if (after is null) continue;
                lives[id] = after;
                if (before is null) nowBegun++;
                else if (after.Stage == LogStage.Stopped && before.Stage != LogStage.Stopped) nowStopped++;
            }

            Assert.Equal((version, begun, stopped), (list.Version, nowBegun, nowStopped));
            Assert.Equal((following, stoppedInAll), (lives.Values.Count(life => life.Stage == LogStage.Following), lives.Values.Count(life => life.Stage == LogStage.Stopped)));
            Assert.Equal(2, list.Refused.Count);
            Assert.All(list.Refused, refused => Assert.Contains("place-holder", refused.Reason, StringComparison.Ordinal));
        }
        Assert.Equal(71 + 6 + 16, lives.Count);
    }

    [Fact]
    public void K2_a_list_that_shrinks_to_an_older_real_one_delists_what_is_gone()
    {
        Assert.True(LogList.TryRead(SharedData.Bytes("loglist", "history", "chrome_all_logs_list_2026-08-20_v89.25.json"), out LogList? august, out _));
        Assert.True(LogList.TryRead(SharedData.Bytes("loglist", "history", "chrome_all_logs_list_2026-05-28_v85.90.json"), out LogList? may, out _));
        var named = new NamedLogs([("chrome", august)]);
        var lives = named.Ids.Select(id => Rules.Next(id, null, named, new LogProgress(false), Now)).OfType<LogLife>().ToList();

        var back = new NamedLogs([("chrome", may)]);
        var after = lives.Select(life => Rules.Next(life.Log.Id, life, back, new LogProgress(true), Now)!).ToList();

        Assert.Equal(16, after.Count(life => life.Stage == LogStage.Delisted));
        Assert.Equal(lives.Count - 16, after.Count(life => life.Stage == LogStage.Following));
    }

    [Theory]
    [InlineData("log_list_incomplete", "is not JSON")]
    [InlineData("log_list_no_operator_name", null)]
    [InlineData("log_list_tiled_logs", null)]
    [InlineData("log_list_valid_until", null)]
    [InlineData("log_list", null)]
    public void K2_broken_variants_give_a_clear_error_and_odd_ones_are_read(string name, string? problem)
    {
        bool isRead = LogList.TryRead(SharedData.Bytes("loglist", "variants", $"{name}.json"), out LogList? list, out IReadOnlyList<string> problems);

        Assert.Equal(problem is null, isRead);
        if (problem is not null) Assert.Contains(problem, Assert.Single(problems), StringComparison.Ordinal);
        else Assert.NotEmpty(new NamedLogs([("list", list)]).Ids);
    }

    private static LogDescription Said(string state) => Log with
    {
        State = Enum.Parse<LogState>(state.Split(',')[0], ignoreCase: true),
        FinalTreeHead = !state.StartsWith("readonly", StringComparison.Ordinal) || state.EndsWith("without final head", StringComparison.Ordinal) ? null
            : state.EndsWith("another one", StringComparison.Ordinal) ? OtherFinal : Final,
    };

    private static NamedLogs Lists(params (string Location, LogDescription[] Logs)[] lists) => new(lists.Select(list => (list.Location, (LogList?)Read(list.Logs))));

    /// <summary>As if it came from the network: the only maker of a list is its reader.</summary>
    private static LogList Read(params LogDescription[] logs)
    {
        byte[] json = LogLists.Json("1", [.. logs.Select(log => LogLists.Entry(log))]);
        Assert.True(LogList.TryRead(json, out LogList? list, out IReadOnlyList<string> problems), string.Join("; ", problems));
        Assert.Empty(list.Refused);
        return list;
    }
}
