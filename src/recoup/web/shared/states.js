// How things can stand, in words, with the colour of a badge. tests/contract/test_words.py compares
// the sets with those of the API, so what is between the outer braces is strict JSON.

const STATES = {
  "sync": {
    "idle": ["Idle", ""],
    "in_progress": ["In progress", "accent"],
    "complete": ["Complete", "good"],
    "failed": ["Failed", "bad"],
    "cancelled": ["Cancelled", ""]
  },
  "stream": {
    "pending": ["Not started", ""],
    "in_progress": ["In progress", "accent"],
    "complete": ["Complete", "good"],
    "unavailable": ["Not available", "warn"],
    "failed": ["Failed", "bad"],
    "cancelled": ["Cancelled", ""]
  },
  "connection": {
    "active": ["Active", "good"],
    "reauthorization_required": ["Authorization required", "bad"],
    "disconnected": ["Disconnected", "bad"]
  },
  "environment": {
    "local": ["local sandbox", ""],
    "sandbox": ["Amazon's sandbox", ""],
    "production": ["production", ""],
    "files": ["downloaded reports", ""]
  },
  "claim": {
    "detected": ["Detected", "accent"],
    "filed": ["Filed", "warn"],
    "approved": ["Approved", "good"],
    "rejected": ["Rejected", "bad"],
    "dismissed": ["Dismissed", ""],
    "withdrawn": ["Withdrawn", ""]
  },
  "standing": {
    "owed": ["Owed", "accent"],
    "toReview": ["To review", ""],
    "windowUnknown": ["Window not known", ""],
    "expired": ["Too late to file", ""],
    "filed": ["Filed", "warn"],
    "approved": ["Approved", "good"],
    "rejected": ["Rejected", "bad"],
    "dismissed": ["Dismissed", ""],
    "withdrawn": ["Withdrawn", ""]
  },
  "stage": {
    "found": ["Found", ""],
    "on_hold": ["On hold", "warn"],
    "ready": ["Ready to file", "accent"],
    "filed": ["Filed", ""],
    "waiting": ["Waiting too long", "warn"],
    "info_requested": ["Amazon asks for more", "warn"],
    "paid": ["Paid", "good"],
    "paid_in_part": ["Paid in part", "warn"],
    "paid_by_itself": ["Paid by Amazon itself", ""],
    "denied": ["Denied", "bad"],
    "appealed": ["Appealed", ""],
    "closed": ["Closed", ""]
  },
  "answerReason": {
    "invoice_missing": ["Invoice or proof of ownership missing", ""],
    "delivery_proof_missing": ["Proof of delivery missing", ""],
    "already_reimbursed": ["Already reimbursed", ""],
    "units_found": ["Units were found", ""],
    "units_received": ["Units were received as shipped", ""],
    "return_received": ["Return was received", ""],
    "not_liable": ["Amazon is not responsible", ""],
    "not_eligible": ["Not eligible under the policy", ""],
    "too_early": ["Filed too early", ""],
    "too_late": ["Filed too late", ""],
    "value_disputed": ["Value of the units", ""],
    "duplicate": ["Duplicate of another case", ""],
    "payment_reversed": ["Payment was taken back", ""],
    "other": ["Another reason", ""]
  },
  "window": {
    "open": ["Can be filed now", "good"],
    "wait": ["Too early", ""],
    "expired": ["Too late to file", ""],
    "unknown": ["Window not known", "warn"]
  },
  "review": {
    "auto": ["Firm", "good"],
    "prompt": ["Likely", ""],
    "manual": ["Weak", "warn"]
  },
  "note": {
    "column_missing": ["A column is missing", "warn"],
    "columns_unknown": ["Unknown columns", ""],
    "rows_quarantined": ["Rows in quarantine", "warn"],
    "file_shrunk": ["A file has shrunk", "warn"],
    "report_not_made": ["Report not made yet", "warn"],
    "not_available": ["Not available", "warn"],
    "role_missing": ["Role missing", "bad"],
    "marketplace_refused": ["Marketplace refused", "warn"],
    "marketplace_ignored": ["Marketplace ignored", ""],
    "data_doubted": ["Contradictory data", "warn"],
    "rule_waits": ["Rule is waiting", "warn"],
    "authorization_expires": ["Authorization expires soon", "warn"],
    "client_secret_expires": ["Client secret expires soon", "warn"]
  },
  "marketplace": {
    "A2EUQ1WTGCTBG2": ["Amazon.ca", ""],
    "ATVPDKIKX0DER": ["Amazon.com", ""],
    "A1AM78C64UM0Y8": ["Amazon.com.mx", ""],
    "A2Q3Y263D00KWC": ["Amazon.com.br", ""],
    "A28R8C7NBKEWEA": ["Amazon.ie", ""],
    "A1RKKUPIHCS9HS": ["Amazon.es", ""],
    "A1F83G8C2ARO7P": ["Amazon.co.uk", ""],
    "A13V1IB3VIYZZH": ["Amazon.fr", ""],
    "AMEN7PMS3EDWL": ["Amazon.com.be", ""],
    "A1805IZSGTT6HS": ["Amazon.nl", ""],
    "A1PA6795UKMFR9": ["Amazon.de", ""],
    "APJ6JRA9NG5V4": ["Amazon.it", ""],
    "A2NODRKZP88ZB9": ["Amazon.se", ""],
    "AE08WJ6YKNBMC": ["Amazon.co.za", ""],
    "A1C3SOZRARQ6R3": ["Amazon.pl", ""],
    "ARBP9OOSHTCHU": ["Amazon.eg", ""],
    "A33AVAJ2PDY3EV": ["Amazon.com.tr", ""],
    "A17E79C6D8DWNP": ["Amazon.sa", ""],
    "A2VIGQ35RCS4UG": ["Amazon.ae", ""],
    "A21TJRUUN4KGV": ["Amazon.in", ""],
    "A19VAU5U5O7RUS": ["Amazon.sg", ""],
    "A39IBJ37TRP1C6": ["Amazon.com.au", ""],
    "A1VC38T7YXB528": ["Amazon.co.jp", ""]
  },
  "role": {
    "viewer": ["Viewer", ""],
    "member": ["Member", ""],
    "owner": ["Owner", ""]
  },
  "scope": {
    "read": ["Read", ""],
    "sync": ["Read, sync and change claims", ""],
    "admin": ["Everything", ""]
  },
  "credential": {
    "session": ["Session", ""],
    "token": ["Token", ""]
  },
  "action": {
    "signed_in": ["Signed in", ""],
    "sign_in_failed": ["Sign-in failed", ""],
    "signed_out": ["Signed out", ""],
    "password_changed": ["Password changed", ""],
    "token_made": ["Token created", ""],
    "credential_revoked": ["Session or token ended", ""],
    "invitation_made": ["Person invited", ""],
    "invitation_withdrawn": ["Invitation withdrawn", ""],
    "member_joined": ["Person joined", ""],
    "role_changed": ["Role changed", ""],
    "member_removed": ["Person removed", ""],
    "user_added": ["User added", ""],
    "user_removed": ["User removed", ""],
    "workspace_made": ["Workspace created", ""],
    "workspace_renamed": ["Workspace renamed", ""],
    "connection_made": ["Amazon account connected", ""],
    "connection_removed": ["Amazon account disconnected", ""],
    "connection_purged": ["Data of an Amazon account deleted", ""],
    "legal_hold_set": ["Legal hold set", ""],
    "legal_hold_ended": ["Legal hold ended", ""],
    "rows_deleted_with_age": ["Old data deleted", ""],
    "schedule_changed": ["Schedule changed", ""],
    "mails_chosen": ["Mail settings changed", ""],
    "mail_tested": ["Test mail requested", ""],
    "webhook_added": ["Webhook added", ""],
    "webhook_changed": ["Webhook changed", ""],
    "webhook_deleted": ["Webhook deleted", ""],
    "webhook_secret_rotated": ["Webhook secret replaced", ""],
    "webhook_tested": ["Webhook tested", ""],
    "webhook_redelivered": ["Webhook message sent again", ""],
    "reader_made": ["Read-only database address created", ""],
    "reader_removed": ["Read-only database address removed", ""],
    "sync_started": ["Sync started", ""],
    "sync_cancelled": ["Sync cancelled", ""],
    "quarantine_replayed": ["Quarantine replayed", ""],
    "claim_changed": ["Claim changed", ""],
    "claims_detected": ["Claims detected", ""],
    "pack_filed": ["Pack filed", ""],
    "proof_added": ["Document stored", ""],
    "proof_deleted": ["Document deleted", ""],
    "costs_changed": ["Sourcing costs changed", ""],
    "file_loaded": ["Report loaded from a file", ""],
    "exported": ["Exported", ""]
  },
  "notification": {
    "sync.ended": ["Sync ended", ""],
    "claim.found": ["Claims found", ""],
    "claim.deadline_near": ["Deadlines near", ""],
    "claim.paid": ["Claims paid", ""],
    "connection.reauthorization_required": ["Authorization needed", ""]
  },
  "delivery": {
    "pending": ["Waiting", ""],
    "delivered": ["Delivered", "good"],
    "failed": ["Given up", "bad"]
  },
  "claimType": {
    "lost_in_warehouse": ["Lost in the warehouse", ""],
    "damaged_in_warehouse": ["Damaged in the warehouse", ""],
    "inbound_shortage": ["Units missing from an inbound shipment", ""],
    "inbound_damage": ["Units damaged on their way to Amazon", ""],
    "customer_return_missing": ["Refunded but never returned", ""],
    "return_not_restocked": ["Returned, but not put back into stock", ""],
    "return_damaged_by_amazon": ["Returned damaged by Amazon or its carrier", ""],
    "refund_overpaid": ["Refunded more than was paid", ""],
    "refund_fee_not_credited": ["Referral fee not credited with a refund", ""],
    "removal_lost": ["Removal parcel lost on the way to you", ""],
    "removal_discrepancy": ["Removal order whose quantities do not add up", ""],
    "disposed_without_permission": ["Disposed of without permission", ""],
    "fulfillment_fee_overcharge": ["Fulfillment fee too high", ""],
    "storage_fee_overcharge": ["Storage fee too high", ""],
    "inbound_fee_wrong": ["Fee for an inbound problem that did not exist", ""],
    "reimbursement_reversed": ["Reimbursement reversed wrongly", ""],
    "reimbursement_underpaid": ["Reimbursement below the value", ""]
  }
};

/** What a word of a set is called. A word of a newer server, unknown here, is shown as itself. */
export function wordsOf(set, word) {
  return STATES[set]?.[word]?.[0] ?? String(word ?? "-");
}

/** The class of its badge. */
export function kindOf(set, word) {
  return STATES[set]?.[word]?.[1] || "none";
}

/** [word, what it is called] of a whole set, for a choice. */
export function choicesOf(set) {
  return Object.entries(STATES[set]).map(([word, [called]]) => [word, called]);
}
