using CertHerald.Names.Lookalikes;

namespace CertHerald.Tests.Names.Lookalikes;

/// <summary>Rules that fire on ordinary names lose a tier: more than 4 in a million are never high, and what is medium by more than 2 is low.</summary>
public sealed class LookalikeDemotionTests
{
    private static readonly double[] Rates = [0, 0.2, 1, 1.99, 2, 2.01, 3, 3.99, 4, 4.01, 5, 12, 400];

    [Fact]
    public void A_score_never_rises_with_the_rate_of_its_rule_and_never_falls_with_its_points()
    {
        foreach (double rate in Rates)
        {
            for (int score = 1; score <= 100; score++)
            {
                int demoted = LookalikeScores.Demoted(score, rate, Evidence.None);

                foreach (double more in Rates.Where(more => more > rate)) Assert.True(LookalikeScores.Demoted(score, more, Evidence.None) <= demoted, $"{score}: {rate}, {more}");
                for (int higher = score + 1; higher <= 100; higher++) Assert.True(LookalikeScores.Demoted(higher, rate, Evidence.None) >= demoted, $"{rate}: {score}, {higher}");
            }
        }
    }

    [Theory]
    [InlineData(85, 4, 85)]
    [InlineData(85, 4.01, 79)]
    [InlineData(85, 400, 79)]
    [InlineData(60, 2, 60)]
    [InlineData(60, 2.01, 49)]
    [InlineData(60, 5, 49)]
    [InlineData(60, 400, 49)]
    [InlineData(30, 400, 30)]
    public void A_rule_that_fires_too_often_loses_one_tier(int score, double rate, int expected)
    {
        Assert.Equal(expected, LookalikeScores.Demoted(score, rate, Evidence.None));
        Assert.Equal(expected, LookalikeScores.Demoted(score, rate, Evidence.CheapTld | Evidence.Explained));
        foreach (Evidence beside in (Evidence[])[Evidence.OwnSuffix, Evidence.Urgent, Evidence.UrgentNear, Evidence.Hosted])
            Assert.Equal(score, LookalikeScores.Demoted(score, rate, beside));
    }

    [Fact]
    public void A_name_is_no_alert_for_firing_on_more_ordinary_names()
    {
        LookalikeIndex bare = Looking.For("brandname.com");
        int[] scores = [.. Rates.Select(rate => Looking.Weighed(bare, "brandname-shopzz.net", (float)rate).Score("brandname-shopzz.net"))];

        Assert.Equal(scores.OrderDescending(), scores);
        Assert.True(scores[0] >= LookalikeScores.Medium);
        Assert.True(scores[^1] < LookalikeScores.Medium);
    }
}
