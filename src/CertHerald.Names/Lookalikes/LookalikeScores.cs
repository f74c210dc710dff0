namespace CertHerald.Names.Lookalikes;

/// <summary>What evidence weighs, and where tiers begin.</summary>
internal static class LookalikeScores
{
    public const int High = 80, Medium = 50;

    /// <summary>Points for what speaks for an imitation besides the word. Never negative: evidence only raises a score.</summary>
    public static int Of(Evidence evidence)
    {
        int points = 0;
        if ((evidence & Evidence.Urgent) != 0) points += 15;
        if ((evidence & Evidence.UrgentNear) != 0) points += 5;
        if ((evidence & Evidence.Hosted) != 0) points += 15;
        if ((evidence & Evidence.CheapTld) != 0) points += 10;
        if ((evidence & Evidence.Twice) != 0) points += 10;
        if ((evidence & Evidence.OddOwner) != 0) points += 5;
        if ((evidence & Evidence.Deep) != 0) points += 5;
        return points;
    }
}
