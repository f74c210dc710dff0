namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Stands in for the Public Suffix List where there is none: countries' registries that register on the third level name the
/// second one after its kind.
/// </summary>
internal static class CommonSuffixes
{
    private static readonly WordSet Kinds = new("com co net org gov gob gouv go edu ac sch mil or ne ad ed gr lg gv nom in id web biz info ltd plc me firm gen ind my school art adv eco blog msk spb pp kiev");

    /// <summary>Where the suffix of a name begins.</summary>
    public static int Start(NameText name)
    {
        int last = name.Labels - 1;
        bool isCountry = name.LabelSpan(last).Length == 2;
        return last >= 2 && isCountry && Kinds.Contains(name.LabelSpan(last - 1)) ? name.LabelStart[last - 1] : name.LabelStart[last];
    }
}
