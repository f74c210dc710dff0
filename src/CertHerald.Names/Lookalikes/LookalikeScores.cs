namespace CertHerald.Names.Lookalikes;

/// <summary>
/// How points become scores: a detector's points, plus evidence, less what ordinary names say. Weights are those of a logistic
/// regression over real look-alikes and ordinary names, fifteen points for each unit of log-odds, rounded and evened out by hand.
/// </summary>
internal static class LookalikeScores
{
    public const int High = 80, Medium = 50;

    /// <summary>Distinct registrable domains in a million: what fires on more, for a domain, is demoted from the tier.</summary>
    public const double MostForHigh = 4, MostForMedium = 2;

    /// <summary>Evidence that stands by itself: beside it a rule is not demoted.</summary>
    public const Evidence Independent = Evidence.OwnSuffix | Evidence.Urgent | Evidence.UrgentNear | Evidence.Hosted;

    private const double PointsPerDoubling = 8.5, PointsPerDoublingOfWord = 2.5;

    /// <summary>Points for what speaks for an imitation besides the word. Never negative: evidence only raises a score.</summary>
    public static int Of(Evidence evidence, bool isBelow)
    {
        int points = 0;
        if ((evidence & Evidence.Urgent) != 0) points += isBelow ? 22 : 17;
        if ((evidence & Evidence.UrgentNear) != 0) points += isBelow ? 19 : 17;
        if ((evidence & Evidence.Hosted) != 0) points += isBelow ? 5 : 30;
        if ((evidence & Evidence.CheapTld) != 0) points += isBelow ? 30 : 20;
        if ((evidence & Evidence.OwnSuffix) != 0) points += isBelow ? 10 : 2;
        if ((evidence & Evidence.AnyTld) != 0) points += isBelow ? 16 : 5;
        if ((evidence & Evidence.OddOwner) != 0) points += isBelow ? 18 : 0;
        if ((evidence & Evidence.Explained) != 0) points += 5;
        if ((evidence & Evidence.Foreign) != 0) points += 14;
        if ((evidence & Evidence.MixedScripts) != 0) points += 8;
        if ((evidence & Evidence.Www) != 0) points += 6;
        if ((evidence & Evidence.Digits) != 0) points += 3;
        if ((evidence & Evidence.ReadsOn) != 0) points += 2;
        return points;
    }

    /// <summary>Points that ordinary names take away.</summary>
    /// <param name="rule">Distinct registrable domains in a million for which the rule fires with this word.</param>
    /// <param name="word">The same for the word, by whatever rule.</param>
    public static int Commonness(double rule, double word) => (int)Math.Round(PointsPerDoubling * Math.Log2(1 + rule) + PointsPerDoublingOfWord * Math.Log2(1 + word));

    /// <summary>A score, a tier lower if its rule is not fit for its own. Never higher for a higher rate, nor lower for a higher score.</summary>
    /// <param name="rule">As for <see cref="Commonness"/>.</param>
    public static int Demoted(int score, double rule, Evidence evidence)
    {
        if ((evidence & Independent) != 0) return score;
        return score >= High ? rule > MostForHigh ? High - 1 : score : rule > MostForMedium ? Math.Min(score, Medium - 1) : score;
    }
}
