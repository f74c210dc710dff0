namespace CertHerald.Transparency.Certificates;

/// <summary>
/// What is wrong with a certificate, as far as it concerns finding its names. Most flaws only tell that a CA was careless;
/// those in <see cref="MayHideName"/> mean that a name may have gone unseen, and somebody has to look.
/// </summary>
[Flags]
public enum CertificateFlaws
{
    /// <summary>Nothing was amiss.</summary>
    None = 0,

    /// <summary>A length is indefinite or written with more bytes than needed. X.690 §10.1.</summary>
    BerLength = 1 << 0,

    /// <summary>
    /// A <c>critical</c> other than 00 or FF. X.690 §11.1. Only <see cref="CertificateView.Problems"/> looks beyond
    /// subjectAltName.
    /// </summary>
    OddCritical = 1 << 1,

    /// <summary>Bytes follow the certificate, or its signature.</summary>
    DataAfterCertificate = 1 << 2,

    /// <summary>The signature or its algorithm is missing or cut short.</summary>
    SignatureUnreadable = 1 << 3,

    /// <summary>The serial number is missing, empty, or longer than needed.</summary>
    OddSerial = 1 << 4,

    /// <summary>
    /// A date is missing, unreadable, or not in the form of RFC 5280 §4.1.2.5. Only <see cref="CertificateView.Problems"/>
    /// looks for it.
    /// </summary>
    OddTime = 1 << 5,

    /// <summary>The poison is not NULL. RFC 6962 §3.1. Only <see cref="CertificateView.Problems"/> looks for it.</summary>
    OddPoison = 1 << 6,

    /// <summary>
    /// More than one subjectAltName or, for <see cref="CertificateView.Problems"/> only, basicConstraints. All are read.
    /// </summary>
    RepeatedExtension = 1 << 7,

    /// <summary>Zero bytes follow the names of a subjectAltName.</summary>
    ZerosAfterSan = 1 << 8,

    /// <summary>An element of a subjectAltName has a tag of the wrong class; its number counts.</summary>
    OddTagClass = 1 << 9,

    /// <summary>A name says that it is constructed. It is read both ways.</summary>
    ConstructedString = 1 << 10,

    /// <summary>
    /// A string type of 7 bits holds 8-bit characters. Only <see cref="CertificateView.Problems"/> looks for it.
    /// </summary>
    EightBitString = 1 << 11,

    /// <summary>An iPAddress of neither 4 nor 16 bytes. It is passed over.</summary>
    OddIpAddress = 1 << 12,

    /// <summary>A common name is not a string, or is a string with impossible characters.</summary>
    UnknownString = 1 << 16,

    /// <summary>Something in the subject is not an attribute, or more than one value follows an attribute's type.</summary>
    UnknownSubjectElement = 1 << 17,

    /// <summary>An element of a subjectAltName has a number that RFC 5280 §4.2.1.6 does not know.</summary>
    UnknownSanElement = 1 << 18,

    /// <summary>Bytes other than zeros follow the names of a subjectAltName.</summary>
    DataAfterSan = 1 << 19,

    /// <summary>Something stands in or after the TBSCertificate that RFC 5280 §4.1 does not know.</summary>
    UnknownTbsElement = 1 << 20,

    /// <summary>An extension could not be read to its identifier: perhaps a subjectAltName.</summary>
    ExtensionUnreadable = 1 << 21,

    /// <summary>The TBSCertificate is not there, cut short, or without the parts it must have.</summary>
    TbsUnreadable = 1 << 24,

    /// <summary>The subject is cut short or garbled.</summary>
    SubjectUnreadable = 1 << 25,

    /// <summary>A subjectAltName is cut short or garbled.</summary>
    SanUnreadable = 1 << 26,

    /// <summary>Mask: the TBSCertificate, the subject or a subjectAltName was not readable to its end.</summary>
    Unreadable = TbsUnreadable | SubjectUnreadable | SanUnreadable,

    /// <summary>Mask: something unread may hide a name. Includes <see cref="Unreadable"/>.</summary>
    MayHideName = UnknownString | UnknownSubjectElement | UnknownSanElement | DataAfterSan | UnknownTbsElement
        | ExtensionUnreadable | Unreadable,
}

/// <summary>One flaw and where it is.</summary>
/// <param name="Flaw">Which one; a single flag.</param>
/// <param name="Offset">Bytes from the start of the certificate or TBSCertificate that was read.</param>
/// <param name="Text">A sentence for people, without its place.</param>
public readonly record struct CertificateProblem(CertificateFlaws Flaw, int Offset, string Text)
{
    /// <summary>The sentence and its place.</summary>
    public override string ToString() => $"at byte {Offset}: {Text}";

    internal static CertificateProblem Of(CertificateFlaws flaw, int offset) => new(flaw, offset, flaw switch
    {
        CertificateFlaws.BerLength => "The length is not in its shortest form.",
        CertificateFlaws.OddCritical => "The extension's 'critical' is neither 00 nor FF.",
        CertificateFlaws.DataAfterCertificate => "Bytes follow the end of the certificate.",
        CertificateFlaws.SignatureUnreadable => "The signature cannot be read.",
        CertificateFlaws.OddSerial => "The serial number is missing, empty, or longer than needed.",
        CertificateFlaws.OddTime => "The date is not written as certificates write dates.",
        CertificateFlaws.OddPoison => "The precertificate poison is not NULL.",
        CertificateFlaws.RepeatedExtension => "The extension appears more than once.",
        CertificateFlaws.ZerosAfterSan => "Zero bytes follow the subject alternative names.",
        CertificateFlaws.OddTagClass => "The subject alternative name has a tag of the wrong class.",
        CertificateFlaws.ConstructedString => "The name claims to be made of several strings.",
        CertificateFlaws.EightBitString => "The name has characters that its string type does not allow.",
        CertificateFlaws.OddIpAddress => "The IP address has neither 4 nor 16 bytes.",
        CertificateFlaws.UnknownString => "The common name is not a readable string.",
        CertificateFlaws.UnknownSubjectElement => "The subject holds something that is not an attribute.",
        CertificateFlaws.UnknownSanElement => "The subject alternative names hold something of an unknown kind.",
        CertificateFlaws.DataAfterSan => "Unknown bytes follow the subject alternative names.",
        CertificateFlaws.UnknownTbsElement => "The certificate holds something unknown beside its known parts.",
        CertificateFlaws.ExtensionUnreadable => "An extension cannot be read.",
        CertificateFlaws.TbsUnreadable => "The certificate's content cannot be read.",
        CertificateFlaws.SubjectUnreadable => "The subject cannot be read to its end.",
        CertificateFlaws.SanUnreadable => "The subject alternative names cannot be read to their end.",
        _ => "Something is wrong.",
    });
}
