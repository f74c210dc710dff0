using System.Text.RegularExpressions;

namespace CertHerald.Tests.Following.Faults;

/// <summary>K20: the tables of ct.md §12 and §14 have a test of each name. What they check is theirs.</summary>
public sealed partial class EveryFaultTests
{
    private static readonly ILookup<string, string> Names = Named();

    public static TheoryData<int> Faults => [.. Enumerable.Range(1, 41)];

    public static TheoryData<int> Checks => [.. Enumerable.Range(1, 21)];

    /// <summary>Through the real followers or the program, not only at the log that misbehaves or a part of ours.</summary>
    [Theory]
    [MemberData(nameof(Faults))]
    public void K20_each_fault_has_a_test_of_its_name(int fault) =>
        Assert.Contains(Names[$"F{fault}"], space => space.Contains(".Following", StringComparison.Ordinal) || space.Contains(".EndToEnd", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Checks))]
    public void K20_each_check_has_a_test_of_its_name(int check) => Assert.NotEmpty(Names[$"K{check}"]);

    /// <summary>The namespaces of tests by the numbers in their names.</summary>
    private static ILookup<string, string> Named() =>
        (from type in typeof(EveryFaultTests).Assembly.GetTypes()
         from method in type.GetMethods()
         where method.IsDefined(typeof(FactAttribute), inherit: true)
         from Match number in Number().Matches(method.Name)
         select (number.Value, type.Namespace)).ToLookup(one => one.Value, one => one.Namespace!);

    [GeneratedRegex(@"(?<![^_])[FK]\d{1,2}(?=_)")]
    private static partial Regex Number();
}
