using System.Runtime.Intrinsics;

namespace CertHerald.Names.Lookalikes;

/// <summary>ASCII characters that are drawn alike. One of each group stands for all: 0 for o, 1 and i for l.</summary>
internal static class Glyphs
{
    private static readonly byte[] Folded = Build();
    private static readonly Vector128<byte> FoldedDigits = Vector128.Create(Folded, '0');

    private static ReadOnlySpan<byte> FoldedLetters => "iq"u8;

    /// <summary>By byte; what is not listed stands for itself.</summary>
    public static ReadOnlySpan<byte> Table => Folded;

    /// <summary>The same for sixteen letters and digits at once; of other bytes it says nothing.</summary>
    public static Vector128<byte> Of(Vector128<byte> bytes)
    {
        Vector128<byte> isDigit = Vector128.LessThanOrEqual(bytes - Vector128.Create((byte)'0'), Vector128.Create((byte)9));
        Vector128<byte> drawn = Vector128.ConditionalSelect(isDigit, Vector128.Shuffle(FoldedDigits, bytes & Vector128.Create((byte)0xF)), bytes);
        foreach (byte letter in FoldedLetters) drawn = Vector128.ConditionalSelect(Vector128.Equals(bytes, Vector128.Create(letter)), Vector128.Create(Folded[letter]), drawn);
        return drawn;
    }

    /// <summary>What two letters side by side are drawn like; zero for most.</summary>
    public static byte Joined(byte left, byte right) => (left, right) switch
    {
        ((byte)'r', (byte)'n') => (byte)'m',
        ((byte)'v', (byte)'v') => (byte)'w',
        ((byte)'c', (byte)'l') => (byte)'d',
        _ => 0,
    };

    private static byte[] Build()
    {
        byte[] folded = new byte[256];
        for (int i = 0; i < folded.Length; i++) folded[i] = (byte)i;
        const string Alike = "0o1lil2z3e4a5s6b7t8b9gqg";
        for (int i = 0; i < Alike.Length; i += 2) folded[Alike[i]] = (byte)Alike[i + 1];
        return folded;
    }
}
