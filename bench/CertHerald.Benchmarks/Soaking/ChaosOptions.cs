using System.Globalization;

namespace CertHerald.Benchmarks.Soaking;

/// <summary>What is asked of the rig.</summary>
/// <param name="Program">The published program.</param>
/// <param name="Rounds">Each is some 20 s of trouble, and then as much quiet as it takes until nothing is open.</param>
/// <param name="Time">No round begins after it.</param>
/// <param name="OnPostgres">Two nodes share a PostgreSQL database; else one has a SQLite file.</param>
/// <param name="Strikes">What may happen.</param>
internal sealed record ChaosOptions(string Program, int Rounds, TimeSpan Time, int Seed, bool OnPostgres, bool AsJson, IReadOnlyList<Strike> Strikes)
{
    // Five rounds and three: in each of them every strike comes at least once.
    private const int UsualRounds = 5, UsualRoundsOnPostgres = 3;

    /// <summary>As the command line says it; null, and why on standard error, if it says what cannot be.</summary>
    public static ChaosOptions? Read(string program, string[] arguments)
    {
        bool onPostgres = arguments.Contains("--postgres");
        IReadOnlyList<Strike> all = Chaos.StrikesOn(onPostgres);
        var strikes = new List<Strike>();
        foreach (string name in Text("--only")?.Split(',') ?? all.Select(strike => strike.ToString()))
        {
            if (!Enum.TryParse(name, out Strike strike) || !all.Contains(strike)) return Refuse($"there is no strike \"{name}\" here: write some of {string.Join(",", all)}");
            strikes.Add(strike);
        }
        int? rounds = Number("--rounds"), minutes = Number("--minutes");
        return new ChaosOptions(
            program, rounds ?? (minutes is not null ? int.MaxValue : onPostgres ? UsualRoundsOnPostgres : UsualRounds), minutes is { } time ? TimeSpan.FromMinutes(time) : TimeSpan.MaxValue,
            Number("--seed") ?? Random.Shared.Next(1_000_000), onPostgres, arguments.Contains("--json"), strikes);

        string? Text(string option) => Array.IndexOf(arguments, option) is >= 0 and var at && at + 1 < arguments.Length ? arguments[at + 1] : null;

        int? Number(string option) => Text(option) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

        static ChaosOptions? Refuse(string why)
        {
            Console.Error.WriteLine($"chaos: {why}");
            return null;
        }
    }
}
