using System.Text.RegularExpressions;

namespace CertHerald.Tests.Delivering;

/// <summary>
/// The rules, the checklist and the traps of delivery.md have a test of each name. What they check is theirs; of the goals, the chaos
/// rig and the power cut of T21, which run beside the tests or by hand, that they are there, as written.
/// </summary>
public sealed partial class EveryRuleTests
{
    private static readonly HashSet<string> Names = Named();

    public static TheoryData<int> Traps => [.. Enumerable.Range(1, 30)];

    /// <summary>§17.</summary>
    public static TheoryData<int> Checklist => [.. Enumerable.Range(1, 20)];

    /// <summary>By section, as many as it has; §14, §16 and §17 are tables of their own.</summary>
    public static TheoryData<string> Rules =>
    [
        .. from section in ((int Section, int Rules)[])[(1, 3), (2, 5), (3, 6), (4, 5), (5, 4), (6, 5), (7, 3), (8, 5), (9, 7), (10, 3), (11, 3), (12, 1), (13, 4), (15, 2)]
           from rule in Enumerable.Range(1, section.Rules)
           select $"{section.Section}_{rule}",
    ];

    [Theory]
    [MemberData(nameof(Rules))]
    public void Each_rule_has_a_test_of_its_name(string rule) => Assert.Contains($"Rule_{rule}", Names);

    [Theory]
    [MemberData(nameof(Traps))]
    public void E19_each_trap_has_a_test_of_its_name(int trap) => Assert.Contains($"T{trap}", Names);

    [Theory]
    [MemberData(nameof(Checklist))]
    public void Each_point_of_the_checklist_has_a_test_of_its_name(int point) => Assert.Contains($"E{point}", Names);

    /// <summary>The numbers in names of tests, without those of other documents: ct.md has numbers of its own, and so has what finds names.</summary>
    private static HashSet<string> Named() =>
        [.. from type in typeof(EveryRuleTests).Assembly.GetTypes()
            where type.FullName is { } name && !OfOthers().IsMatch(name)
            from method in type.GetMethods()
            where method.IsDefined(typeof(FactAttribute), inherit: true)
            from Match number in Number().Matches(method.Name)
            select number.Value];

    [GeneratedRegex(@"(?<![^_])([ET]\d{1,2}|Rule_\d{1,2}_\d)(?=_)")]
    private static partial Regex Number();

    [GeneratedRegex(@"^CertHerald\.Tests\.((Deciding|Fetching|Following|Inspecting|Names|TestLog|Transparency)\.|(Api\.RefusedLogs|Architecture\.Ingest|Cli\.CheckConfig|Configuring\.Configuration|EndToEnd\.Judge|Storage\.KilledStore)Tests$)")]
    private static partial Regex OfOthers();
}
