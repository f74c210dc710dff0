using System.Text.RegularExpressions;
using CertHerald.Tests.Architecture;
using CertHerald.Tests.Docs;
using CertHerald.Tests.Storage;

namespace CertHerald.Tests.Delivering;

/// <summary>What delivery.md asks of benchmarks, of both stores and of the chaos rig: that it is there, runs, and is written up.</summary>
public sealed partial class GoalsAndRigTests
{
    private static string Benchmarks { get; } = string.Concat(SourceFile.All("bench").Select(file => file.Text));

    public static TheoryData<int> Goals => [.. Enumerable.Range(1, 10)];

    [Theory]
    [MemberData(nameof(Goals))]
    public void E17_each_goal_of_throughput_has_a_benchmark_and_its_figure_is_published(int goal)
    {
        Assert.Contains($"wanted(\"Q{goal}\")", Benchmarks, StringComparison.Ordinal);
        Assert.Contains($"\n| Q{goal} |", Repository.Text("docs/performance.md"), StringComparison.Ordinal);
    }

    /// <summary>Neither store has a test of the suite for itself, or leaves one out.</summary>
    [Fact]
    public void E15_Rule_12_1_one_conformance_suite_is_run_on_both_stores()
    {
        Type[] suites = [.. typeof(StoreConformance).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(StoreConformance)) && !type.IsAbstract)];
        Assert.Equal(["PostgresStoreTests", "SqliteStoreTests"], suites.Select(type => type.Name).Order(StringComparer.Ordinal));
        Assert.All(suites, suite => Assert.DoesNotContain(suite.GetMethods(), method => method.DeclaringType == suite && method.GetBaseDefinition().DeclaringType != suite && method.IsDefined(typeof(FactAttribute), true)));
    }

    /// <summary>The rig checks itself in each of its rounds. A power cut needs root and a disk of its own: it is a strike, not a test.</summary>
    [Fact]
    public void E18_Rule_15_1_Rule_15_2_T21_the_chaos_rig_runs_beside_the_tests_over_either_store_and_its_strikes_are_those_it_documents()
    {
        string document = Repository.Text("docs/testing.md");
        string[] strikes = [.. Word().Matches(Strikes().Match(Benchmarks).Groups[1].Value).Select(match => match.Value)];
        Assert.True(strikes.Length >= 24, string.Join(", ", strikes));
        Assert.All(strikes, strike => Assert.Contains($"`{strike}`", document, StringComparison.Ordinal));
        Assert.Contains("PowerCutBeforeTheAnswer", strikes);
        Assert.Contains("StandStillWithABatch", strikes);
        Assert.Contains("DatabaseCrash", strikes);
        Assert.Contains("chaos --rounds 5 ", Repository.Text("test"), StringComparison.Ordinal);
        Assert.Contains("chaos --postgres --rounds 3 ", Repository.Text("test"), StringComparison.Ordinal);
        Assert.Contains("bench/chaos --rounds 200 ", document, StringComparison.Ordinal);
        Assert.Contains("bench/chaos --postgres --rounds 200 ", document, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"enum Strike\s*\{([^}]*)\}")]
    private static partial Regex Strikes();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}
