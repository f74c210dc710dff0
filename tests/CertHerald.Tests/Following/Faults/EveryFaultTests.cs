using System.Text.RegularExpressions;

namespace CertHerald.Tests.Following.Faults;

/// <summary>K20: the rules of ct.md and its tables in §12 and §14 have a test of each name. What they check is theirs.</summary>
public sealed partial class EveryFaultTests
{
    private static readonly string[] Codes =
    [
        "fork", "inconsistent_head", "root_mismatch", "missing_entry", "pruned", "leaf_index", "bad_signature", "stale_head", "future_head", "chain_mismatch",
        "unparsable_entry", "origin_mismatch", "unreachable", "throttled",
    ];

    private static readonly ILookup<string, string> Names = Named();

    // Other areas have tests of other specifications, which number their rules in the same way.
    private static readonly string[] Areas = ["Deciding.", "Fetching.", "Following.", "Inspecting.", "Names.", "TestLog.", "Transparency."];

    private static readonly string[] Classes =
        ["Api.RefusedLogsTests", "Architecture.IngestTests", "Cli.CheckConfigTests", "Configuring.ConfigurationTests", "EndToEnd.JudgeTests", "Storage.KilledStoreTests"];

    public static TheoryData<int> Faults => [.. Enumerable.Range(1, 41)];

    public static TheoryData<string> Rows => [.. Codes];

    public static TheoryData<int> Checks => [.. Enumerable.Range(1, 21)];

    /// <summary>By section, as many as it has; §10 has a row for each incident instead, and §12 and §14 have their tables.</summary>
    public static TheoryData<string> Rules =>
    [
        .. from section in ((int Section, int Rules)[])[(1, 7), (2, 5), (3, 7), (4, 5), (5, 11), (6, 5), (7, 6), (8, 12), (9, 6), (11, 3), (13, 5)]
           from rule in Enumerable.Range(1, section.Rules)
           select $"{section.Section}_{rule}",
    ];

    /// <summary>Through the real followers or the program, not only at the log that misbehaves or a part of ours.</summary>
    [Theory]
    [MemberData(nameof(Faults))]
    public void K20_each_fault_has_a_test_of_its_name(int fault) =>
        Assert.Contains(Names[$"F{fault}"], test => test.StartsWith("Following.", StringComparison.Ordinal) || test.StartsWith("EndToEnd.", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Checks))]
    public void K20_each_check_has_a_test_of_its_name(int check) => Assert.NotEmpty(Names[$"K{check}"]);

    [Theory]
    [MemberData(nameof(Rules))]
    public void K20_each_rule_has_a_test_of_its_name(string rule) => Assert.Contains(Names[$"Rule_{rule}"], test => Areas.Any(test.StartsWith) || Classes.Contains(test));

    [Theory]
    [MemberData(nameof(Rows))]
    public void K20_each_row_of_section_10_has_a_test_of_its_name(string code) => Assert.NotEmpty(Names[code]);

    /// <summary>The classes of tests, below all tests, by the numbers in the tests' names, and the codes of incidents that they begin with.</summary>
    private static ILookup<string, string> Named() =>
        (from type in typeof(EveryFaultTests).Assembly.GetTypes()
         from method in type.GetMethods()
         where method.IsDefined(typeof(FactAttribute), inherit: true)
         from name in Number().Matches(method.Name).Select(number => number.Value).Concat(Codes.Where(code => method.Name.StartsWith($"{code}_", StringComparison.OrdinalIgnoreCase)))
         select (Name: name, Test: type.FullName!["CertHerald.Tests.".Length..])).ToLookup(one => one.Name, one => one.Test);

    [GeneratedRegex(@"(?<![^_])([FK]\d{1,2}|Rule_\d{1,2}_\d{1,2})(?=_)")]
    private static partial Regex Number();
}
