namespace CertHerald.Names;

/// <summary>Labels of certificates with '*' in them, which stands for any characters, or none.</summary>
internal static class Glob
{
    /// <summary>Whether a label matches. Only '*' is special. Costs at most glob times label, without recursion.</summary>
    public static bool Matches(ReadOnlySpan<byte> glob, ReadOnlySpan<byte> label)
    {
        int g = 0, l = 0, star = -1, resume = 0;
        while (l < label.Length)
        {
            if (g < glob.Length && glob[g] == '*')
            {
                (star, resume) = (g++, l);
            }
            else if (g < glob.Length && glob[g] == label[l])
            {
                g++;
                l++;
            }
            else if (star >= 0)
            {
                // The last star takes one character more; what an earlier star took can stay as it is.
                g = star + 1;
                l = ++resume;
            }
            else
            {
                return false;
            }
        }
        return glob[g..].IndexOfAnyExcept((byte)'*') < 0;
    }
}
